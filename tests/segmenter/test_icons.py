"""Every icon used in a template is in the icon file."""

import re
from pathlib import Path

from django.conf import settings

SIGNS = Path(settings.BASE_DIR) / "segmenter" / "static" / "vendor" / "tabler-icons"


def test_every_icon_used_on_a_page_exists():
    there = set(re.findall(r'<symbol id="([\w-]+)"', (SIGNS / "icons.svg").read_text()))
    pages = (Path(settings.BASE_DIR) / "templates").rglob("*.html")
    asked = {name for page in pages for name in re.findall(r'{% icon "([\w-]+)"', page.read_text())}
    assert len(asked) > 5
    assert asked <= there == set((SIGNS / "names.txt").read_text().split())
