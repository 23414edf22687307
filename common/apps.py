from django.apps import AppConfig


class CommonConfig(AppConfig):
    """Small helpers for all the other apps; no models."""

    name = "common"
