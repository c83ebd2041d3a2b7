# What the cpu-torch recipe is put beside: the same requirements as pip resolves them where nobody says for which device.
# hadolint ignore=no-digest # the recipe's base, by the same name
ARG BASE=python:3.11-slim-bookworm
FROM ${BASE}
WORKDIR /app
COPY requirements.in resolved.in
RUN --mount=type=secret,id=ca,target=/run/secrets/ca \
    python -m venv /opt/venv && \
    if [ -s /run/secrets/ca ]; then export PIP_CERT=/run/secrets/ca; fi && \
    /opt/venv/bin/pip install --no-cache-dir -r resolved.in
USER 1000:1000
CMD ["/opt/venv/bin/gunicorn", "app:app"]
