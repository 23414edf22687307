"""A short round of the fault suite; `make test-faults` runs all of it, twenty times."""

import os
import subprocess
import sys
from pathlib import Path

FAULTS = Path(__file__).resolve().parent
CHECKOUT = FAULTS.parent.parent


def test_a_short_round_of_faults_loses_nothing():
    ours = {"DJANGO_SETTINGS_MODULE", "DATA_DIR", "CELERY_KEY_PREFIX"}
    environment = {name: value for name, value in os.environ.items() if name not in ours}
    found = subprocess.run(
        [sys.executable, str(FAULTS), "--short", "--rows", "1000", "--scale", "10"],
        cwd=CHECKOUT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stdout + found.stderr
    assert "worst recovery" in found.stdout
