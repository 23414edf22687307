"""Importing a million customers, against the standard library, plain Django and an in-place upsert.

Everything from the stored file to the published customers, one after the other, with one numeric thread.
Run with: python -m bench imports. BENCH_HUGE=1 also imports ten million, to show that memory stays flat.
"""

import csv
import io
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.pipeline import make_plain_models
from bench.site import fresh_site

ROWS = int(os.environ.get("BENCH_ROWS", "1000000"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
HUGE_ROWS = 10_000_000
PEAK_MEGABYTES = 300
UNDO_SECONDS = 1
AGE, INCOME, SCORE = "Age", "Annual Income (k$)", "Spending Score (1-100)"
COLUMNS = "customer_id, gender, age, income, score"


@dataclass(frozen=True)
class Bar:
    """One goal: how many times faster than the alternative it is measured against."""

    name: str
    theirs: float  # seconds, medians
    ours: float
    at_least: float

    @property
    def ratio(self) -> float:
        return self.theirs / self.ours

    @property
    def is_missed(self) -> bool:
        return self.ratio < self.at_least

    def __str__(self) -> str:
        verdict = "MISSED" if self.is_missed else ""
        return (
            f"  {self.name:<44}{self.theirs:>8.2f}{self.ours:>8.2f}{self.ratio:>8.1f} x"
            f"  (at least {self.at_least:g}) {verdict}"
        )


@dataclass(frozen=True)
class Side:
    """One way to do the work, and its preparation, which is not measured."""

    work: Callable[[], Any]
    prepare: Callable[[], Any] = lambda: None


def median_seconds(*sides: Side, clock: Callable[[], float] = time.perf_counter) -> list[float]:
    """The median of each side's rounds; they alternate, so that other load affects both alike."""
    seconds: list[list[float]] = [[] for _ in sides]
    for _ in range(ROUNDS):
        for side, found in zip(sides, seconds, strict=True):
            side.prepare()
            before = clock()
            side.work()
            found.append(clock() - before)
    return [statistics.median(found) for found in seconds]


# ---- Files -------------------------------------------------------------------------------------------------


def write_files(folder: Path) -> dict[str, Path]:
    """The customers as generated, with different bytes, with every cell quoted, and one year older."""
    from django.core.management import call_command

    files = {name: folder / f"{name}.csv" for name in ("first", "same", "quoted", "changed")}
    call_command("make_sample", str(files["first"]), rows=ROWS, stdout=io.StringIO())
    text = files["first"].read_text()
    files["same"].write_bytes(text.replace("\n", "\r\n").encode())
    with files["first"].open(newline="") as first, files["quoted"].open("w", newline="") as quoted:
        csv.writer(quoted, quoting=csv.QUOTE_ALL).writerows(csv.reader(first))
    with files["first"].open(newline="") as first, files["changed"].open("w", newline="") as changed:
        rows = csv.reader(first)
        writer = csv.writer(changed, lineterminator="\n")
        writer.writerow(next(rows))
        writer.writerows([*row[:3], int(row[3]) + 1, row[4]] for row in rows)
    return files


# ---- Plainly -----------------------------------------------------------------------------------------------


def read_plainly(path: Path) -> Iterator[tuple[str, str, float, float, float]]:
    """Read with `csv.DictReader` and check as the import does: padding, number ranges, unique ids."""
    seen: set[str] = set()
    with path.open(newline="", encoding="utf-8-sig") as file:
        for line, row in enumerate(csv.DictReader(file, strict=True), start=2):
            customer_id = row["CustomerID"].strip()
            age, income, score = float(row[AGE]), float(row[INCOME]), float(row[SCORE])
            in_range = 1 <= age <= 120 and age.is_integer() and 0 <= income < 1e300 and 1 <= score <= 100
            if not customer_id or customer_id in seen or not in_range:
                raise ValueError(f"line {line}")
            seen.add(customer_id)
            yield customer_id, row["Gender"].strip(), age, income, score


def read_all_plainly(path: Path) -> None:
    assert sum(1 for _ in read_plainly(path)) == ROWS


def load_plainly(path: Path, model: Any) -> None:
    fields = COLUMNS.split(", ")
    rows = (model(**dict(zip(fields, row, strict=True))) for row in read_plainly(path))
    model.objects.bulk_create(rows, batch_size=5_000)


def upsert_in_place(path: Path, table: str) -> None:
    """Let PostgreSQL read the file into a staging table, check it there, and overwrite existing rows."""
    from django.db import connection, transaction

    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL work_mem = '192MB'")
        cursor.execute(
            """
            CREATE TEMP TABLE staging (
                customer_id text, gender text, age float8 CHECK (age BETWEEN 1 AND 120),
                income float8 CHECK (income >= 0), score float8 CHECK (score BETWEEN 1 AND 100)
            ) ON COMMIT DROP
            """
        )
        with path.open("rb") as file, cursor.copy("COPY staging FROM STDIN (FORMAT csv, HEADER)") as copy:
            while block := file.read(1024**2):
                copy.write(block)
        cursor.execute("ANALYZE staging")
        cursor.execute("SELECT count(*) FROM staging GROUP BY customer_id HAVING count(*) > 1")
        assert not cursor.fetchall()
        cursor.execute(
            f"INSERT INTO {table} ({COLUMNS}) SELECT {COLUMNS} FROM staging"
            " ON CONFLICT (customer_id) DO UPDATE SET gender = excluded.gender, age = excluded.age,"
            " income = excluded.income, score = excluded.score"
        )
        assert cursor.rowcount == ROWS


# ---- Ours --------------------------------------------------------------------------------------------------


def read_ours(path: Path) -> None:
    """Scan, profile every cell for a mapping, and validate: everything that happens before the database."""
    from customers.importing.columns.profiling import profile_columns
    from customers.importing.columns.proposal import propose_mapping
    from customers.importing.columns.validation import Validator
    from customers.importing.files.reading import read_batches
    from customers.importing.files.sniffing import look_at
    from customers.importing.version.ascending import AscendingIds

    file = look_at(path, path.name)

    def batches() -> Iterator[Any]:
        return read_batches(file.path, file.table, file.width, header_line=file.header_line)

    head = next(batches())
    columns = propose_mapping(
        file.headers, profile_columns([head], file.headers, rows=ROWS), [], declared={}, earlier=[]
    ).settled()
    positions = {column.name: index for index, column in enumerate(columns)}
    validator, rising = Validator(columns, positions, has_nul=False), AscendingIds()
    accepted = 0
    for batch in batches():
        found = validator.validate(batch).accepted
        rising.watch(found.ids)
        accepted += len(found.lines)
    assert accepted == ROWS
    assert rising


class Shop:
    """One of our datasets, and imports into it."""

    count = 0

    def __init__(self) -> None:
        self.renew()

    def renew(self, *paths: Path) -> None:
        """Start with an empty dataset and import these files."""
        from customers.importing.pipeline import create_dataset

        Shop.count += 1
        self.dataset = create_dataset(f"Shop {Shop.count}")
        for path in paths:
            self.load(path)

    def load(self, path: Path) -> Any:
        from customers.importing.pipeline import import_now

        with path.open("rb") as file:
            done = import_now(self.dataset, file, path.name)
        assert done.job is not None
        assert done.job.state == "succeeded", done.job.error
        assert done.read_count == ROWS
        return done

    def load_changed(self, path: Path) -> None:
        assert self.load(path).updated_count == ROWS

    def load_unchanged(self, path: Path) -> None:
        assert self.load(path).unchanged_count == ROWS

    def undo(self, path: Path) -> float:
        """Import a file and undo the import; return how many seconds the undo took."""
        from customers.storage.versions import undo_import

        done = self.load(path)
        before = time.perf_counter()
        assert undo_import(done)
        return time.perf_counter() - before


# ---- Memory ------------------------------------------------------------------------------------------------

CHILD = """
import json, pathlib, sys, django
django.setup()
from customers.importing.pipeline import create_dataset, import_now
with open(sys.argv[1], "rb") as file:
    done = import_now(create_dataset(sys.argv[2]), file, "customers.csv")
# Not getrusage: that counts the process from which this one was started, too.
status = pathlib.Path("/proc/self/status").read_text()
peak = int(status.partition("VmHWM:")[2].split()[0]) / 1024
print(json.dumps({"peak": peak, "created": done.created_count, "error": done.job.error}))
"""


def peak_megabytes(path: Path, rows: int, name: str) -> float:
    """Import a file in a separate process and return its peak memory."""
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(path), name], capture_output=True, check=True, text=True
    )
    answer = json.loads(done.stdout.splitlines()[-1])
    assert answer["created"] == rows, answer["error"]
    return float(answer["peak"])


def report_memory(folder: Path, first: Path) -> bool:
    """Print the peak for each size; return whether one is too large."""
    from django.core.management import call_command

    peaks = {ROWS: peak_megabytes(first, ROWS, "Memory")}
    if os.environ.get("BENCH_HUGE") == "1":
        huge = folder / "huge.csv"
        call_command("make_sample", str(huge), rows=HUGE_ROWS, stdout=io.StringIO())
        before = time.perf_counter()
        peaks[HUGE_ROWS] = peak_megabytes(huge, HUGE_ROWS, "Huge")
        print(f"  {HUGE_ROWS:,} rows in {time.perf_counter() - before:.1f} s")
    for rows, peak in peaks.items():
        print(f"  peak memory, {rows:>10,} rows {peak:>21.0f} MB  (at most {PEAK_MEGABYTES})")
    return max(peaks.values()) > PEAK_MEGABYTES


# ---- Side by side ------------------------------------------------------------------------------------------


def compare_reading(name: str, path: Path, at_least: float) -> Bar:
    """Compare processor time: neither way waits for anything, and other load does not count."""
    theirs, ours = median_seconds(
        Side(lambda: read_all_plainly(path)), Side(lambda: read_ours(path)), clock=time.process_time
    )
    return Bar(name, theirs, ours, at_least)


def measure(files: dict[str, Path]) -> Iterator[Bar]:
    from django.db import connection

    plain, _ = make_plain_models()
    table = plain._meta.db_table

    def empty() -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"TRUNCATE {table} CASCADE")

    shop = Shop()
    shop.load(files["first"])  # loads the libraries, as a worker has them after its first job
    yield compare_reading("parse and validate: DictReader", files["first"], 5)
    yield compare_reading("the same in quotation marks: DictReader", files["quoted"], 1)
    theirs, ours = median_seconds(
        Side(lambda: load_plainly(files["first"], plain), empty),
        Side(lambda: shop.load(files["first"]), shop.renew),
    )
    yield Bar("first load: bulk_create", theirs, ours, 7)

    def known() -> None:
        empty()
        upsert_in_place(files["first"], table)
        vacuum(table)

    theirs, changed, unchanged = median_seconds(
        Side(lambda: upsert_in_place(files["changed"], table), known),
        Side(lambda: shop.load_changed(files["changed"]), lambda: shop.renew(files["first"])),
        Side(lambda: shop.load_unchanged(files["same"]), lambda: shop.renew(files["first"])),
    )
    yield Bar("every row changed: upsert in place", theirs, changed, 2)
    yield Bar("nothing changed: upsert in place", theirs, unchanged, 5)


def report_undo(files: dict[str, Path]) -> bool:
    """Print how long undoing an import that changed every customer takes; return whether it is too long."""
    shop = Shop()
    shop.load(files["first"])
    seconds = statistics.median(shop.undo(files["changed"]) for _ in range(ROUNDS))
    print(f"  undo of {ROWS:,} rows {seconds:>21.3f} s  (at most {UNDO_SECONDS})", flush=True)
    return seconds > UNDO_SECONDS


def vacuum(table: str) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(f"VACUUM ANALYZE {table}")


def main() -> int:
    print(f"Import, {ROWS:,} customers; seconds, theirs and ours, medians of {ROUNDS}", flush=True)
    missed = False
    with fresh_site() as folder:
        files = write_files(folder)
        for bar in measure(files):
            print(bar, flush=True)
            missed |= bar.is_missed
        missed |= report_undo(files)
        missed |= report_memory(folder, files["first"])
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
