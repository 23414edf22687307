"""The fast ways and the plain way to import a file: the same versions, counts and rejected rows."""

import io

import pytest

from customers.importing.files import reading
from customers.importing.options import ImportOptions
from customers.importing.pipeline import create_dataset, import_now
from customers.importing.version import building, staging
from customers.models import Customer

HEADER = "CustomerID,Name,Age\n"
FIRST = HEADER + "1,Ann,30\n2,Bob,\n3,Eve,32\n"
MANY = HEADER + "".join(f"{number},name {number},{number % 90 + 1}\n" for number in range(1, 40_001))
WIDE = ",".join(
    ["CustomerID", *(f"n{column}" for column in range(70)), *(f"t{column}" for column in range(70))]
)


def wide(*gaps):
    """Three customers with 70 numbers and 70 texts, except for the columns left empty."""
    rows = []
    for customer in range(3):
        numbers = [f"{customer + column}.5" for column in range(70)]
        texts = [f"x{customer} {column}" for column in range(70)]
        cells = ["" if column in gaps else cell for column, cell in enumerate([*numbers, *texts])]
        rows.append(",".join([str(customer), *cells]))
    return "\n".join([WIDE, *rows])


COUNTS = ("read", "created", "updated", "unchanged", "removed", "rejected", "blank", "customer")
# Files that are imported one after the other, with their options.
SEQUENCES = {
    "first load": [FIRST],
    "nothing changed, the same file": [FIRST, FIRST],
    "nothing changed, in other bytes": [FIRST, FIRST.replace("\n", "\r\n")],
    "some changed": [FIRST, FIRST.replace("Eve", "Eva"), FIRST.replace("30", "31")],
    "new customers": [FIRST, FIRST + "4,Zoë,\n5,Jo,50\n", HEADER + "6,Al,9\n"],
    "another order": [FIRST, HEADER + "3,Eve,33\n1,Ann,30\n4,x,1\n2,Bob,\n"],
    "missing cells are kept": [FIRST, HEADER + "1,,\n2,Bob,40\n3,,32\n"],
    "missing cells clear": [FIRST, (HEADER + "1,,\n2,Bob,40\n3,,32\n", {"clears_missing": True})],
    "missing columns": [FIRST, "CustomerID,Age\n2,9\n7,8\n", "CustomerID,City\n1,Rome\n"],
    "missing customers are removed": [FIRST, (HEADER + "2,Bob,5\n9,New,1\n", {"replaces": True})],
    "duplicates": [HEADER + "1,a,1\n2,b,2\n1,a,1\n2,c,2\n3,d,3\n", FIRST + "1,Ann,30\n4,x,1\n4,y,2\n"],
    "no row is accepted": [FIRST, HEADER + "1,a,x\n2,b,y\n"],
    "rows rejected": [HEADER + "1,a,x\n2,b\n3,c,3,4\n,d,4\nTotal,,9\n5,e,5\n\n6,f,400\n"],
    "negative zero and large": [
        "CustomerID,A,B\n1,-0,1e308\n2,0,-5.25\n",
        "CustomerID,A,B\n1,0,1e308\n2,-0,-5.25\n",
    ],
    "wide": [wide(), wide(0, 69, 70, 139), wide(*range(140)), wide(1)],
    "quotation marks": [HEADER + '"1","a, ""b""","3"\n2,"two\nlines",4\n3,"x"y,5\n4,it"s,6\n"5",“q”,7\n'],
    "odd bytes": [
        HEADER.encode() + b"1,\xff,1\n2,a\0b,2\n3,\xc3\xa9\xc3\xa9,3\n4,\xed\xa0\x80,4\n5,e\xcc\x81,5\n",
        HEADER.encode() + b"e\xcc\x81,x,1\n\xc3\xa9,x,1\n",
    ],
    "other encodings": [FIRST.replace("Eve", "Zoë").encode("cp1252"), FIRST.encode("utf-16")],
    "lone returns": [FIRST.replace("\n", "\r")],
    "ids in no order": [HEADER + "b,x,1\na,y,2\n10,z,3\n9,z,4\n"],
    "many, some changed far below": [MANY, MANY.replace("name 39999", "nom"), MANY + "0,new,1\n"],
}


@pytest.fixture
def import_all(transactional_db, settings):
    """Import files one after the other, the fast or the plain way, and return the result of each."""

    def import_file(sequence, *, plainly):
        settings.IMPORT_PLAINLY = plainly
        dataset = create_dataset("Plain" if plainly else "Quick")
        return [outcome(dataset, *(step if isinstance(step, tuple) else (step, {}))) for step in sequence]

    return import_file


def outcome(dataset, content, said):
    raw = content.encode() if isinstance(content, str) else content
    done = import_now(dataset, io.BytesIO(raw), "customers.csv", options=ImportOptions(**said))
    dataset.refresh_from_db()
    now = Customer.objects.of(dataset).order_by("id")
    return {
        "job": (done.job.state, done.job.error),
        "counts": {name: getattr(done, f"{name}_count") for name in COUNTS},
        "is a version": done.published_at is not None,
        "warnings": done.warnings,
        "customers": list(now.values_list("customer_id", "numbers", "texts")),
        "rejected": list(done.rejected_rows.values_list("line", "column", "value", "reason", "cells")),
    }


@pytest.mark.parametrize("name", SEQUENCES)
def test_fast_and_plain_ways_give_the_same_result(import_all, name):
    quick, plain = (import_all(SEQUENCES[name], plainly=plainly) for plainly in (False, True))
    assert len(plain) == len(SEQUENCES[name])
    assert plain == quick


def test_customers_keep_their_identity_either_way(import_all):
    changes = [FIRST, FIRST.replace("30", "31") + "4,x,1\n", HEADER + "4,x,2\n2,Bob,7\n"]
    for plainly in (False, True):
        import_all(changes, plainly=plainly)
        dataset = "Plain" if plainly else "Quick"
        known = Customer.objects.filter(version__dataset__name=dataset).order_by("customer_id")
        ids = {}
        for customer in known:
            ids.setdefault(customer.customer_id, set()).add(customer.id)
        assert list(ids) == ["1", "2", "3", "4"]
        assert all(len(same) == 1 for same in ids.values())


def test_the_plain_way_uses_none_of_the_fast_ones(import_all, monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("a fast way was used")

    for room, name in (
        (reading, "read_blocks"),
        (building, "load_first_version"),
        (building, "load_aligned_version"),
        (staging, "encode_customers"),
        (staging, "AscendingIds"),
    ):
        monkeypatch.setattr(room, name, refuse)
    done = import_all([FIRST, FIRST.replace("Eve", "Eva")], plainly=True)
    assert [each["job"] for each in done] == [("succeeded", ""), ("succeeded", "")]
