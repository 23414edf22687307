"""Path converters for URLs."""

from django.urls.converters import StringConverter

CHARTS = ("elbow", "scatter", "sizes", "profile", "distributions")


class ChartConverter(StringConverter):
    regex = "|".join(CHARTS)


class FormatConverter(StringConverter):
    regex = "svg|png|csv"


class ListFormatConverter(StringConverter):
    regex = "csv|xlsx"
