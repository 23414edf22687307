"""A separate site for a benchmark: embedded servers in a fresh folder, removed at the end."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from segmenter.embedded import servers


@contextmanager
def fresh_site() -> Iterator[Path]:
    """Set up Django on an empty, migrated database; the benchmark must not have done so already."""
    folder = Path(tempfile.mkdtemp(prefix="segmenter-bench-"))
    data = folder / "data"
    servers.make_data_folder(data)
    folder.chmod(0o711)  # run by root, PostgreSQL has an account of its own that must pass here
    for name in ("DATABASE_URL", "CELERY_BROKER_URL"):
        os.environ.pop(name, None)
    os.environ |= {
        "DATA_DIR": str(data),
        "DJANGO_SETTINGS_MODULE": "segmenter.settings",
        "LOG_LEVEL": "WARNING",
    }
    import django
    from django.core.management import call_command
    from django.db import connections

    django.setup()
    call_command("migrate", verbosity=0)
    try:
        yield folder
    finally:
        connections.close_all()
        servers.release(data)
        shutil.rmtree(folder, ignore_errors=True)
