# The one image of the site: web, worker and beat run from it with different commands.
FROM python:3.11-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
COPY requirements-production.txt /
RUN python -m venv /venv && /venv/bin/pip install --require-hashes -r /requirements-production.txt

FROM python:3.11-slim-bookworm
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MPLCONFIGDIR=/tmp/matplotlib \
    PRODUCTION=1 DATA_DIR=/data
RUN useradd --system --uid 10001 --home-dir /app segmenter \
    && install -d -o segmenter -g segmenter -m 0700 /data /data/uploads
COPY --from=build /venv /venv
COPY . /app
WORKDIR /app
# Static files belong to the image. Collecting them needs settings, and no server behind them.
RUN STATIC_DIR=/app/static-files SECRET_KEY="$(python -c 'import secrets; print(secrets.token_urlsafe(50))')" \
    ALLOWED_HOSTS=build DATABASE_URL=postgres://build:build@127.0.0.1/build \
    CELERY_BROKER_URL=redis://:build@127.0.0.1/0 \
    python manage.py collectstatic --noinput
ENV STATIC_DIR=/app/static-files
USER 10001
VOLUME /data
EXPOSE 8000
CMD ["gunicorn", "--config", "python:segmenter.gunicorn", "--bind", "0.0.0.0:8000", "segmenter.wsgi"]
