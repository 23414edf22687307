"""Ids of a file that look like ids of known customers, written in another way."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import takewhile

import pyarrow as pa
import pyarrow.compute as pc

from customers.importing.columns.ids import clean_ids
from customers.importing.columns.numbers import trimmed
from customers.models import Customer, CustomerImport

# So many ids of the file are compared, and so many known ones show how those are written.
ROWS, KNOWN = 2_000, 200
# It is no accident if most ids of a file are new, and most of the new ones look like known ones.
FEWEST, SHARE = 3, 0.5

FULL_WIDTH = {ord("0") + digit: 0xFF10 + digit for digit in range(10)}

Rewrite = Callable[[str], str]


@dataclass(frozen=True)
class LookAlikes:
    """How many new ids look like known ones, of how many compared, and a pair of such."""

    count: int
    compared: int
    written: str
    known: str
    # The known ones are written just as in the file.
    as_written: bool = False


def find_look_alikes(version: CustomerImport, cells: pa.StringArray) -> LookAlikes | None:
    """Compare the first ids of a file with a version's; `None` unless most are known ones in another form.

    Parameters
    ----------
    cells
        Of the id column, as written.
    """
    written = trimmed(cells.slice(0, ROWS))
    ids = clean_ids(written).ids
    is_filled = pc.not_equal(ids, "")
    written, ids = written.filter(is_filled).to_pylist(), ids.filter(is_filled).to_pylist()
    known = _known(version, ids)
    new = [
        (raw, customer_id) for raw, customer_id in zip(written, ids, strict=True) if customer_id not in known
    ]
    if len(new) < max(FEWEST, SHARE * len(ids)):
        return None
    rewrites = _rewrites(_some_known(version))
    others = [{raw, *(rewrite(each) for rewrite in rewrites)} - {each, ""} for raw, each in new]
    known = _known(version, set().union(*others))
    pairs = [
        (each, min(found))
        for (_raw, each), other in zip(new, others, strict=True)
        if (found := other & known)
    ]
    if len(pairs) < max(FEWEST, SHARE * len(new)):
        return None
    as_written = sum(raw in known for raw, _each in new)
    return LookAlikes(len(pairs), len(ids), *pairs[0], as_written=as_written >= SHARE * len(pairs))


def _known(version: CustomerImport, ids: Iterable[str]) -> set[str]:
    found = Customer.objects.filter(version_id=version.pk, customer_id__in=list(ids))
    return set(found.values_list("customer_id", flat=True))


def _some_known(version: CustomerImport) -> list[str]:
    some = Customer.objects.filter(version_id=version.pk).order_by("id")
    return list(some.values_list("customer_id", flat=True)[:KNOWN])


def _rewrites(known: Sequence[str]) -> list[Rewrite]:
    """Ways to write an id otherwise: plain ones, and as these known ids are written."""
    width = max(map(len, known), default=0)
    prefix = _common_beginning(known).rstrip("0123456789")
    suffix = _common_beginning([each[::-1] for each in known])[::-1].lstrip("0123456789")
    plain: list[Rewrite] = [str.lower, str.upper, _without_signs, _digits, _without_zeros]
    return [
        *plain,
        lambda each: f"{each}.0",
        lambda each: each.translate(FULL_WIDTH),
        *(_grouped(sign) for sign in (".", ",", " ")),
        lambda each: _digits(each).zfill(width),
        lambda each: _without_signs(each).upper(),
        lambda each: _without_signs(each).lower(),
        *(_dressed(prefix, suffix, core, width) for core in (_digits, _without_zeros, _without_signs)),
        *(_dressed(prefix, suffix, core, 0) for core in (_digits, _without_zeros, _without_signs)),
    ]


def _common_beginning(texts: Sequence[str]) -> str:
    # What the first and the last in their order have in common, all have.
    pairs = zip(min(texts, default=""), max(texts, default=""), strict=False)
    return "".join(one for one, _other in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _grouped(sign: str) -> Rewrite:
    return lambda each: f"{int(each):,}".replace(",", sign) if each.isascii() and each.isdecimal() else ""


def _dressed(prefix: str, suffix: str, core: Rewrite, width: int) -> Rewrite:
    return lambda each: f"{prefix}{core(each).zfill(width - len(prefix) - len(suffix))}{suffix}"


def _without_signs(each: str) -> str:
    """Letters and digits alone, full-width ones as plain ones."""
    return "".join(sign for sign in unicodedata.normalize("NFKC", each) if sign.isalnum())


def _digits(each: str) -> str:
    """The last run of digits: 1001 of C-1001."""
    plain = unicodedata.normalize("NFKC", each)
    return (re.findall(r"[0-9]+", re.sub(r"(?<=[0-9])[., ](?=[0-9]{3})", "", plain)) or [""])[-1]


def _without_zeros(each: str) -> str:
    return _digits(each).lstrip("0")
