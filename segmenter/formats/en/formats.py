"""How dates are written in English: the month in letters, so that nobody takes it for the day."""

DATE_FORMAT = "j M Y"
DATETIME_FORMAT = "j M Y, H:i"
