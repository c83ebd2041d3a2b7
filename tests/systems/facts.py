"""What the five systems are by their owners' own documents: each name, number and address of a release."""

from __future__ import annotations

FACTS = {
    "rec2pdf": (
        *("rec2pdf-backend", "europe-west3-docker.pkg.dev/rec2pdf/rec2pdf-repo/backend", "PROJECT=rec2pdf"),
        *("REGION=europe-west3", "rec2pdf-backend/Dockerfile", "linux/amd64", "linux/amd64,linux/arm64"),
        *("PIP_DEFAULT_TIMEOUT=1000", "PIP_EXTRA_INDEX_URL=https://download.pytorch.org/whl/cpu", "buildx"),
        *("Cloud Build", "v6.0.1", "CHANGELOG.md", "latest", "unauthenticated", "service account", "100"),
        *("exec format error", "GET /api/health 200", "credentials", "rotated"),
    ),
    "inspirenet": (
        *("inspirenet-bg-removal-api", "PROJECT=perkieprints-processing", "us-central1", "libgl1-mesa-glx", "libgl1"),
        "us-central1-docker.pkg.dev/perkieprints-processing/pet-bg-removal/inspirenet-bg-removal-api",
        *(".build/", "__pycache__/", "E2_HIGHCPU_8", "1800s", "900s", "CLOUD_LOGGING_ONLY", "SHORT_SHA", "latest"),
        *("YYYYMMDD-HHMMSS", "L4", "nvidia-l4", "32Gi", "CONCURRENCY=1", "CPU=8", "MIN_INSTANCES=0", "MAX_INSTANCES=3"),
        *("600s", "PUBLIC=true", "INSPIRENET_MODE=base", "INSPIRENET_RESIZE=static", "TARGET_SIZE=1024"),
        *("STORAGE_BUCKET=perkieprints-processing-cache", "CUSTOMER_STORAGE_BUCKET=perkieprints-customer-images"),
        *("ENABLE_GPU_OPTIMIZATIONS=true", "LOG_LEVEL=info", "GET /health 200", "GET /model-info 200"),
        *("POST /api/storage/upload 422", "public URL", "start-up errors", "30 to 60 s", "80 %", "$0.065"),
        *("9 and 21 h", "inspirenet-bg-removal-api-00070-2ch", "100 %"),
    ),
    "rhesis": (
        *("apps/backend", "8000", "apps/backend/.env.docker", "REGION=us-central1", "REGION=us-east-1"),
        *("CLOUDSQL=", "SQLALCHEMY_DB_HOST=/cloudsql/", "SQLALCHEMY_DATABASE_URL", "AUTH0_DOMAIN", "AUTH0_AUDIENCE"),
        *("AUTH0_CLIENT_ID", "AUTH0_CLIENT_SECRET", "AUTH0_SECRET_KEY", "LOG_LEVEL", "FRONTEND_URL", "BROKER_URL"),
        *("CELERY_RESULT_BACKEND", "alembic upgrade head", "alembic downgrade -1", "backward compatible"),
        *("celery -A rhesis.backend.celery_app worker --loglevel=info", "pooled", "stateless", "GET /health"),
        *("previous image", "HTTPS", "secret manager", "restricted network", "dependencies updated"),
    ),
    "babyshield": (
        *("ACCOUNT=180703226577", "REGION=eu-north-1", "babyshield-backend", "CLUSTER=babyshield-cluster"),
        *("SERVICE=babyshield-backend-task-service-0l41s2a9", "TASK_FAMILY=babyshield-backend-task"),
        *("LOG_GROUP=/ecs/babyshield-backend", "URL=https://babyshield.cureviax.ai", "Dockerfile.final", "3.11"),
        *("startup_production.py", "WeasyPrint", "DOCKERFILE=Dockerfile`", "startup.py", "OCR", "barcodes", "vision"),
        *("Dockerfile.backend", "latest", "production-fixed-", "-v2", "-v3", "production-hotfix-", "issue123"),
        *("digest", "stable", "recent logs", "status, running and desired count", "HEAD /api/v1/healthz", "HEAD /docs"),
        *("POST /api/v1/search/advanced", '{"product":"pacifier","limit":5}', "--follow", "--since=30m", "--since=1h"),
        *("ten service events", "why a task stopped", "--filter=ERROR", "--filter=500", "ten images", "by push time"),
        *("previous task-definition revision", "commit", "note", "who", "Secrets Manager", "CI scans"),
    ),
    "syncscribe": (
        *("sync-scribe-studio-api", "3.9", "PORT=8080", "$PORT", "/usr/local", "MAX_IMAGE_SIZE=1GB"),
        *("MAX_IMAGE_SIZE=1.5GB", "800 MB", ".dockerignore", "appuser", "1000", "read-only", "tmpfs"),
        *("WHISPER_CACHE_DIR=/tmp/whisper_cache", "models", "--interval=30s", "--timeout=10s", "--start-period=5s"),
        *("--retries=3", "200 is 2.0.0", "201 2.0.1", "210 2.1.0", "300 3.0.0", "-dev", "-staging", "REQUIRED="),
        *("GUNICORN_WORKERS=2", "GUNICORN_TIMEOUT=300", "MAX_QUEUE_LENGTH=50", "YOUTUBE_SERVICE_URL", "CPU=1", "2Gi"),
        *("512Mi", "MIN_INSTANCES=0", "MAX_INSTANCES=10", "CONCURRENCY=4", "900s", "GET /health 200", "timestamp"),
        *("/health/detailed", "ffmpeg", "free space", "warnings", "GET / 200", "blue-green", "80/20", "all of it"),
        *("layers", "latency", "memory", "starts and stops", "API key", "scanned", "recorded", "10 s", "1.5 GB"),
        *("2 s", "arm64", "CUDA FFmpeg", "Redis", "Prometheus"),
    ),
}
