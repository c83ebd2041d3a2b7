# What the api recipe is put beside: the same application and packages, and the source before them.
# hadolint ignore=no-digest # the recipe's base, by the same name
ARG BASE=python:3.11-slim-bookworm
FROM ${BASE}
WORKDIR /app
# hadolint ignore=source-first # that it does so is what is measured
COPY . .
RUN --mount=type=secret,id=ca,target=/run/secrets/ca \
    python -m venv /opt/venv && \
    if [ -s /run/secrets/ca ]; then export PIP_CERT=/run/secrets/ca; fi && \
    /opt/venv/bin/pip install -r requirements.txt
USER 1000:1000
CMD ["/opt/venv/bin/gunicorn", "app:app"]
