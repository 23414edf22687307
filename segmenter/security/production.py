"""What must not be in production: checked before anything starts, and named one by one."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

REQUIRED = ("SECRET_KEY", "ALLOWED_HOSTS", "DATABASE_URL", "CELERY_BROKER_URL")
SECRET_KEY_LENGTH = 50
TRUE = {"1", "true", "on", "yes", "y", "ok"}


def find_problems(environment: Mapping[str, str]) -> list[str]:
    """Return a sentence for each setting that is missing or unsafe with PRODUCTION=1."""
    problems = []
    missing = [name for name in REQUIRED if not environment.get(name, "").strip()]
    if missing:
        problems.append(f"PRODUCTION=1 needs these variables to be set: {', '.join(missing)}.")
    if environment.get("DEBUG", "").strip().lower() in TRUE:
        problems.append("PRODUCTION=1 and DEBUG=1 cannot be combined: unset DEBUG.")
    problems += [problem for name in ("SECRET_KEY", "MFA_KEY") for problem in _weak_secret(environment, name)]
    return [*problems, *_open_doors(environment)]


def _weak_secret(environment: Mapping[str, str], name: str) -> list[str]:
    keys = environment.get(name, "").split(",") if name == "MFA_KEY" else [environment.get(name, "")]
    weak = [
        key
        for key in keys
        if len(key) < SECRET_KEY_LENGTH or len(set(key)) < 10 or key.startswith("django-insecure-")
    ]
    if not any(keys) or not weak:
        return []
    return [
        f"{name} is too easy to guess: take {SECRET_KEY_LENGTH} or more random characters, for example "
        "from python -c 'import secrets; print(secrets.token_urlsafe(50))'."
    ]


def _open_doors(environment: Mapping[str, str]) -> list[str]:
    problems = []
    if "*" in [host.strip() for host in environment.get("ALLOWED_HOSTS", "").split(",")]:
        problems.append("ALLOWED_HOSTS=* accepts any name: list the site's names.")
    for name in ("CELERY_BROKER_URL", "CACHE_URL"):
        url = urlsplit(environment.get(name, ""))
        if url.scheme in {"redis", "rediss"} and not url.password:
            problems.append(f"{name} has no password: anyone on its network could control the workers.")
    origins = environment.get("CSRF_TRUSTED_ORIGINS", "").split(",")
    if any(origin.strip().startswith("http:") for origin in origins):
        problems.append("CSRF_TRUSTED_ORIGINS trusts an unencrypted origin: list https:// origins only.")
    return problems
