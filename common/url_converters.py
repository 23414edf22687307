"""Path converters for URLs."""

from django.urls.converters import StringConverter

CHARTS = ("elbow", "scatter", "sizes", "profile", "distributions")


class ChartConverter(StringConverter):
    regex = "|".join(CHARTS)


class FormatConverter(StringConverter):
    regex = "svg|png|csv"


class ListFormatConverter(StringConverter):
    regex = "csv|xlsx"


class RuleFormConverter(StringConverter):
    """The forms of a rule: SQL dialects and JSON."""

    regex = "postgresql|bigquery|snowflake|json"
