"""Starts the embedded servers with the first connection, and never before one is needed."""

from typing import Any

from django.conf import settings
from django.db.backends.postgresql import base

from segmenter.embedded import servers


class DatabaseWrapper(base.DatabaseWrapper):
    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        servers.ensure_running(settings.DATA_DIR)
        return super().get_new_connection(conn_params)
