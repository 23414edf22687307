from django.apps import AppConfig
from django.utils import translation
from django.utils.formats import get_format

from common.i18n import NumberSigns, use_catalogue


class SegmenterConfig(AppConfig):
    name = "segmenter"
    verbose_name = "Segmentation"

    def ready(self) -> None:
        # Loaded here and not in segmenter/__init__.py, so that importing segmenter.analysis stays free of it.
        from segmenter import celery  # noqa: F401

        use_catalogue(translation, read_signs)


def read_signs() -> NumberSigns:
    """The signs of the language that is spoken now, the same as in the numbers on pages."""
    return NumberSigns(get_format("DECIMAL_SEPARATOR"), get_format("THOUSAND_SEPARATOR"))
