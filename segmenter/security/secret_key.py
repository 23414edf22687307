"""The secret key of an installation that does not set one."""

import os
import secrets
import tempfile
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from segmenter.embedded import servers


def read_or_make(path: Path) -> str:
    """Return the key kept at `path`, made on first use and readable by its owner alone."""
    try:
        return path.read_text()
    except FileNotFoundError:
        pass
    except PermissionError as error:
        raise ImproperlyConfigured(
            f"{path} belongs to another account: set DATA_DIR to a folder of your own."
        ) from error
    servers.make_data_folder(path.parent)
    descriptor, draft = tempfile.mkstemp(dir=path.parent)  # mode 0600
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_urlsafe(50))
    try:
        os.link(draft, path)  # fails if another process was first: then its key is the one
    except FileExistsError:
        pass
    finally:
        os.unlink(draft)  # noqa: PTH108 - a plain string from mkstemp
    return path.read_text()
