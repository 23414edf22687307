"""The trail as a file: one JSON object a line, with the digests by which anybody can check it.

    {"position": 7, "previous": "…", "digest": "…", "event": {"id": 7, "at": "…", "action": "…", …}}

The last line has the number of lines before it, the SHA-256 of these lines, the end of the whole chain when
the file was made, and whether the chain held: {"count": …, "sha256": …, "position": …, "digest": …,
"problems": []}.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Generator, Iterable
from typing import Any

from django.utils.translation import gettext as _

from audit.trail.chain import Head
from audit.trail.verification import Check, Link

CONTENT_TYPE = "application/x-ndjson; charset=utf-8"
# Lines that are sent together.
LINES_PER_BLOCK = 500


def write_lines(links: Iterable[Link], head: Head) -> Generator[bytes]:
    """Yield the file of these events, which are in the order of the chain, block by block."""
    check, digest, lines = Check(), hashlib.sha256(), list[bytes]()
    for link in check.seen(links):
        lines.append(_line(_as_json(link)))
        if len(lines) == LINES_PER_BLOCK:
            block = b"".join(lines)
            digest.update(block)
            yield block
            lines.clear()
    block = b"".join(lines)
    digest.update(block)
    end = {"count": check.count, "sha256": digest.hexdigest(), "position": head.position}
    yield block + _line({**end, "digest": head.digest, "problems": check.problems})


def check_lines(lines: Iterable[bytes]) -> Check:
    """Check a file that `write_lines` wrote: that no line was changed, removed or added."""
    check, digest, end = Check(), hashlib.sha256(), None
    for number, line in enumerate(lines, 1):
        if end is not None:
            check.complain(_("There are lines after the last one."))
            break
        try:
            said = json.loads(line)
            if "event" in said:
                check.see(Link(said["position"], said["previous"], said["digest"], said["event"]))
                digest.update(line)
            else:
                end = {"count": said["count"], "sha256": said["sha256"]}
        except (ValueError, KeyError, TypeError):
            check.complain(_("Line %(number)d cannot be read."), number=number)
    if end is None:
        check.complain(_("The last line is missing: the file is not whole."))
    elif end != {"count": check.count, "sha256": digest.hexdigest()}:
        check.complain(_("Lines were changed, removed or added."))
    return check


def _as_json(link: Link) -> dict[str, Any]:
    place = {"position": link.position, "previous": link.previous, "digest": link.digest}
    return {**place, "event": link.content}


def _line(said: dict[str, Any]) -> bytes:
    return json.dumps(said, ensure_ascii=False).encode() + b"\n"
