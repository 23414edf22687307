"""The content security policy: what a page may load, and what a file that is opened by itself may."""

from __future__ import annotations

from typing import Any

from csp.constants import NONE, SELF


def page_policy(*, form_targets: list[str]) -> dict[str, Any]:
    """Own files only, no inline script or style. `form_targets`: where forms may lead besides."""
    return {
        "DIRECTIVES": {
            "default-src": [NONE],
            "script-src": [SELF],
            "style-src": [SELF],
            "font-src": [SELF],
            # Tabler's icons and the QR code of a second factor are inlined in the page.
            "img-src": [SELF, "data:"],
            "connect-src": [SELF],
            "form-action": [SELF, *form_targets],
            "frame-ancestors": [NONE],
            "base-uri": [NONE],
            "object-src": [NONE],
        }
    }


# A chart or a list that is opened by itself loads nothing and runs nothing.
FILE_POLICY: dict[str, list[str]] = {
    "default-src": [NONE],
    "script-src": [NONE],
    "style-src": [NONE],
    "connect-src": [NONE],
    "object-src": [NONE],
    "img-src": ["data:"],
    "form-action": [NONE],
    "frame-ancestors": [NONE],
    "base-uri": [NONE],
}
