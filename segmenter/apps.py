from django.apps import AppConfig
from django.utils import translation
from django.utils.formats import get_format

from common.i18n import NumberSigns, use_catalogue


class SiteConfig(AppConfig):
    """The site: its commands, static files and formats are found through this app. It has no models."""

    name = "segmenter"
    # “segmenter” is the label of the app segmentation, whose tables have carried it from the beginning.
    label = "site"
    verbose_name = "Site"

    def ready(self) -> None:
        # Loaded here and not in segmenter/__init__.py, which stays empty.
        from segmenter import celery  # noqa: F401
        from segmenter.accounts import events

        events.listen()

        use_catalogue(translation, read_signs)


def read_signs() -> NumberSigns:
    """The number signs of the active language, as on pages."""
    return NumberSigns(get_format("DECIMAL_SEPARATOR"), get_format("THOUSAND_SEPARATOR"))
