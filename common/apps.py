from django.apps import AppConfig


class CommonConfig(AppConfig):
    """Small helpers for every floor; no models."""

    name = "common"
