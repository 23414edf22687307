from django.apps import AppConfig


class SegmenterConfig(AppConfig):
    name = "segmenter"
    verbose_name = "Segmentation"

    def ready(self) -> None:
        # Loaded here and not in segmenter/__init__.py, so that importing segmenter.analysis stays free of it.
        from segmenter import celery  # noqa: F401
