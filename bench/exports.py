"""The time and memory of a segment's export, against a raw COPY of the same join.

The raw COPY is the cheapest way out of the database: nothing is escaped or hashed, and lines do not end in
CRLF. Ours is measured as people get it, with its digest and its entries in the audit trail. A fresh process
measures, so that no leftover memory is counted.
Run with: python -m bench exports
"""

import io
import json
import os
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from bench.site import fresh_site

ROWS = int(os.environ.get("BENCH_ROWS", "200000"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
FEATURES = ["Annual Income (k$)", "Spending Score (1-100)"]
TIMES_RAW = 3
EXTRA_BYTES = 20 * 1024**2


def make_segment(folder: Path) -> int:
    """Put all customers into one segment; return its run."""
    from django.core.management import call_command

    from customers.importing.pipeline import create_dataset, import_now
    from jobs.worker.execution import execute
    from segmentation.runs.execute import execute_run
    from segmentation.runs.request import RunRequest, start_run

    path = folder / "customers.csv"
    call_command("make_sample", str(path), rows=ROWS, stdout=io.StringIO())
    dataset = create_dataset("Shop")
    with path.open("rb") as file:
        import_now(dataset, file, path.name)
    dataset.refresh_from_db()
    run = start_run(RunRequest(dataset=dataset, features=FEATURES, k=1, k_max=2), foreground=True)
    execute(run.job_id, execute_run)
    return run.pk


# ---- In the measuring process --------------------------------------------------------------------


def copy_raw(what: Any) -> int:
    """Read the join as PostgreSQL returns it, every attribute as a column; return the number of bytes."""
    from django.db import connection
    from psycopg import sql

    from customers.models import Attribute

    def value(column: Any) -> sql.Composable:
        if not isinstance(column.value, Attribute):
            return column.value
        array = sql.Identifier("customer", "numbers" if column.value.is_number else "texts")
        return sql.SQL("{}[{}]").format(array, sql.Literal(column.value.position + 1))

    rows = what.rows()
    values = sql.SQL(", ").join(value(column) for column in rows.columns)
    statement = sql.SQL("COPY (SELECT {} {} ORDER BY {}) TO STDOUT (FORMAT csv)")
    raw = statement.format(values, rows.source, rows.order)
    with connection.cursor() as cursor, cursor.copy(raw) as copy:
        return sum(map(len, copy))


def export(what: Any, ending: str) -> int:
    from segmentation.exports.contents import stream_export

    return sum(map(len, stream_export(what, ending)))


def memory() -> dict[str, int]:
    """Bytes this process uses now, and its peak since the last reset."""
    said = Path("/proc/self/status").read_text()
    found = {name: re.search(rf"{name}:\s+(\d+) kB", said) for name in ("VmRSS", "VmHWM")}
    return {name: int(match[1]) * 1024 for name, match in found.items() if match}


def measure(run_id: int) -> dict[str, dict[str, float]]:
    """Median seconds, file size and extra memory in bytes, for each way."""
    import django

    django.setup()
    from segmentation.exports.contents import Exportable
    from segmentation.models import Cluster

    cluster = Cluster.objects.with_owners().get(run=run_id, number=1)
    what = Exportable.today(cluster.run.segmentation.dataset, cluster)
    ways = {
        "csv": lambda: export(what, "csv"),
        "xlsx": lambda: export(what, "xlsx"),
        "raw": lambda: copy_raw(what),
    }
    found = {}
    for name, way in ways.items():
        seconds = []
        Path("/proc/self/clear_refs").write_text("5")
        before = memory()["VmRSS"]
        for _ in range(ROUNDS):
            started = time.perf_counter()
            size = way()
            seconds.append(time.perf_counter() - started)
        extra = memory()["VmHWM"] - before
        found[name] = {"seconds": statistics.median(seconds), "bytes": size, "memory": extra}
    return found


# ---- The report ----------------------------------------------------------------------------------


def main() -> int:
    with fresh_site() as folder:
        run_id = make_segment(folder)
        measuring = [sys.executable, "-m", "bench.exports", str(run_id)]
        done = subprocess.run(measuring, check=True, stdout=subprocess.PIPE)
        return report(json.loads(done.stdout))


def report(found: dict[str, dict[str, float]]) -> int:
    raw = found["raw"]["seconds"]
    slowest = max(found[name]["seconds"] / raw for name in ("csv", "xlsx"))
    most = max(found[name]["memory"] for name in ("csv", "xlsx"))
    print(f"Exports, {ROWS:,} customers in the segment; medians of {ROUNDS}")
    for name, title in (("raw", "raw COPY"), ("csv", "CSV"), ("xlsx", "XLSX")):
        one = found[name]
        print(
            f"  {title:<10}{one['seconds']:>8.2f} s {one['seconds'] / raw:>6.1f} x"
            f"{one['bytes'] / 1e6:>8.1f} MB{one['memory'] / 1024**2:>8.1f} MB of extra memory"
        )
    print(f"  Against raw: at most {TIMES_RAW} x; extra memory: at most {EXTRA_BYTES / 1024**2:.0f} MB")
    return int(slowest > TIMES_RAW or most > EXTRA_BYTES)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(measure(int(sys.argv[1]))))
    else:
        sys.exit(main())
