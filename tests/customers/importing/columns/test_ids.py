"""The same customer stays one customer, whatever programs do to an id on its way."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.customers.importing.columns.tables import read_table

DRESSES = {
    "plain": lambda written: written,
    "float": lambda written: f"{written}.0" if written.isdecimal() else written,
    "float of two digits": lambda written: f"{written}.00" if written.isdecimal() else written,
    "float with a comma": lambda written: f"{written},0" if written.isdecimal() else written,
    "formula": lambda written: f'="{written}"',
    "apostrophe": lambda written: f"'{written}" if written[0].isascii() and written[0].isalnum() else written,
    "padded": lambda written: f"  {written}\t",
    "no-break spaces": lambda written: f"\u00a0{written.replace(' ', chr(0xA0))}\u00a0",
    "thin spaces": lambda written: f"\u2009{written.replace(' ', chr(0x2009))}\u202f",
    "mark of byte order": lambda written: f"\ufeff{written}",
    "zero-width space within": lambda written: f"{written[:1]}\u200b{written[1:]}",
    "joiner at the end": lambda written: f"{written}\u200d",
    "soft hyphen within": lambda written: f"{written[:2]}\u00ad{written[2:]}",
    "right-to-left marks": lambda written: f"\u200f{written}\u200e",
    "direction embedded": lambda written: f"\u202a{written}\u202c",
    "decomposed": lambda written: unicodedata.normalize("NFD", written),
    "capital address": lambda written: written.title() if "@" in written else written,
    "shouted address": lambda written: written.upper() if "@" in written else written,
    "formula with a mark": lambda written: f'\ufeff="{written}"',
    "rounded": lambda written: f"{int(written):.4E}" if written.isdecimal() and len(written) > 9 else written,
    "rounded with a comma": lambda written: (
        f"{int(written):.4E}".replace(".", ",") if written.isdecimal() and len(written) > 9 else written
    ),
}
IDS = st.one_of(
    st.from_regex(r"[1-9][0-9]{0,6}", fullmatch=True),
    st.from_regex(r"0{1,4}[0-9]{1,5}", fullmatch=True),
    st.from_regex(r"[1-9][0-9]{10,19}", fullmatch=True),
    st.from_regex(r"[A-Z]{1,3}[-_ /.#]?[0-9]{1,6}", fullmatch=True),
    st.from_regex(r"[0-9]{1,4}[eE][0-9]{1,2}", fullmatch=True),
    st.from_regex(r"[a-z]{1,8}[.+_]?[a-z0-9]{0,4}@[a-z]{2,8}\.(?:com|de|co\.uk)", fullmatch=True),
    st.from_regex(r"[A-Z][a-zéüñåç]{1,8} [A-Z][a-zéüñåç]{1,8}", fullmatch=True),
    st.uuids().map(str),
)


@st.composite
def dressed_files(draw):
    """Ids as they are in one file and in the next: what they are, and how each file writes them."""
    written = draw(st.lists(IDS, min_size=1, max_size=8, unique_by=lambda one: one.casefold()))
    dresses = draw(st.tuples(st.sampled_from(sorted(DRESSES)), st.sampled_from(sorted(DRESSES))))
    return written, dresses


def check(files):
    """Read both files; return how many rows of the second are updates, and how many are rejected."""
    written, dresses = files
    first, second = ([DRESSES[dress](one) for one in written] for dress in dresses)
    reads = [read_table({"Customer ID": ids, "Age": ["30"] * len(ids)}) for ids in (first, second)]
    known, found = (read.values["Customer ID"] for read in reads)
    updated = 0
    for line, customer_id in found.items():
        if line in known:
            assert customer_id == known[line], (first, second)
            updated += 1
    for read, dress in zip(reads, dresses, strict=True):
        assert len(read.rejected) == 0 or dress.startswith("rounded"), (dress, read.rejected)
    return {"updated": updated, "rejected": len(reads[1].rejected)}


@settings(max_examples=60, deadline=None)
@given(dressed_files())
def test_the_next_file_updates_or_rejects(files):
    check(files)


@pytest.mark.parametrize("dress", DRESSES)
def test_every_dress_is_taken_off(dress):
    written = ["17850", "00123", "C-1000", "kim@example.com", "José Núñez", "12345678901234567890", "1e10"]
    read = read_table({"Customer ID": [DRESSES[dress](one) for one in written]})
    kept = [one for line, one in enumerate(written) if line not in read.rejected]
    assert list(read.values["Customer ID"].values()) == kept
    assert len(kept) == (6 if dress.startswith("rounded") else 7)


@pytest.mark.parametrize(
    "kept",
    ["1.5", "1.000", "17.850", "1.0.0", "'quoted'", "O'Brien", "A.0", "12e5", "=1+1", "a@b", "@x", "-5.0"],
)
def test_what_may_be_an_id_of_its_own_is_kept(kept):
    assert read_table({"Customer ID": [kept]}).values["Customer ID"] == {0: kept}


@pytest.mark.parametrize(
    "rounded", ["1.23E+12", "1,23E+12", "1.23e12", "1E+12", "1,23451E+12", "1.E+5", "1٫5E+9"]
)
def test_rounded_ids_are_rejected_in_any_locale(rounded):
    (reason,) = read_table({"Customer ID": [rounded]}).rejected.values()
    assert "rounded this id" in reason


def test_an_id_of_nothing_visible_is_missing():
    (reason,) = read_table({"Customer ID": ["\u200b\ufeff"], "Age": ["3"]}).rejected.values()
    assert reason == "The customer id is missing."
