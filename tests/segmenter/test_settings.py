"""The settings work with an empty environment, and refuse what is unsafe in production."""

import os
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from segmenter.security.secret_key import read_or_make

CHECKOUT = Path(__file__).resolve().parents[2]
PRODUCTION = {
    "PRODUCTION": "1",
    "SECRET_KEY": "a-long-secret-key-that-nobody-guesses-because-it-is-only-for-this-test",
    "ALLOWED_HOSTS": "segments.example",
    "DATABASE_URL": "postgres://segmenter:pw@db/segmenter",
    "CELERY_BROKER_URL": "redis://:pw@broker/0",
}


def load_settings(**environment: str) -> "subprocess.CompletedProcess[str]":
    """Import the settings in a fresh process with only this environment."""
    kept = {name: os.environ[name] for name in ("PATH", "DATA_DIR")}
    code = "from segmenter import settings; print(settings.DATABASES['default']['ENGINE'])"
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=CHECKOUT,
        env=kept | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_nothing_set_means_the_embedded_servers():
    assert load_settings().stdout.strip() == "segmenter.embedded.postgresql"


def test_production_starts_with_everything_it_needs():
    assert load_settings(**PRODUCTION).stdout.strip() == "django.db.backends.postgresql"


def test_production_names_everything_that_is_missing():
    refused = load_settings(PRODUCTION="1", SECRET_KEY=PRODUCTION["SECRET_KEY"])
    assert refused.returncode != 0
    assert "ALLOWED_HOSTS, DATABASE_URL, CELERY_BROKER_URL" in refused.stderr


def test_production_refuses_debug():
    refused = load_settings(**PRODUCTION, DEBUG="1")
    assert refused.returncode != 0
    assert "unset DEBUG" in refused.stderr


def test_the_secret_key_is_generated_once_and_readable_only_by_its_owner(tmp_path):
    path = tmp_path / "var" / "secret_key"
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: read_or_make(path), range(32)))
    assert len(keys) == 1
    assert len(keys.pop()) > 50
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["secret_key"]


def test_a_fresh_folder_passes_every_check(tmp_path):
    done = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=CHECKOUT,
        env={"PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "no issues" in done.stdout, done.stderr
