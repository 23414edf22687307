from django.apps import AppConfig
from django.utils import translation


class SegmenterConfig(AppConfig):
    name = "segmenter"
    verbose_name = "Segmentation"

    def ready(self) -> None:
        # Loaded here and not in segmenter/__init__.py, so that importing segmenter.analysis stays free of it.
        from segmenter import celery  # noqa: F401
        from segmenter.translating import use_catalogue

        use_catalogue(translation)
