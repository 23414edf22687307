"""A process that keeps reading, as people do, and records anything that must never be visible.

Like the site's pages it reads at READ COMMITTED, first what is published and then its rows. Not both in one
statement: PostgreSQL determines the partitions when planning, a moment before the statement's snapshot, and
in between a run and its partition may be committed. (A REPEATABLE READ transaction that began before a
publication may see all rows of a new partition, because COPY … FREEZE makes them visible to older snapshots.
Nothing in the site reads that way.)
Started as `python fault_reader.py CONNECTION FILE BASELINE`; ends on SIGTERM.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg

RUNS = """
    SELECT run.id, job.state, run.customer_count, run.k,
           (SELECT coalesce(sum(size), 0) FROM segmenter_cluster WHERE run_id = run.id)
      FROM segmenter_segmentationrun AS run JOIN jobs_job AS job ON job.id = run.job_id
     WHERE run.id = %(baseline)s OR run.id > (SELECT max(id) - 4 FROM segmenter_segmentationrun)
"""
IMPORTS = """
    SELECT import.id, CASE WHEN import.dropped_at IS NULL THEN job.state ELSE 'dropped' END,
           import.customer_count, import.published_at IS NOT NULL, import.read_count,
           import.created_count + import.updated_count + import.unchanged_count + import.rejected_count
      FROM customers_customerimport AS import JOIN jobs_job AS job ON job.id = import.job_id
     WHERE import.id > (SELECT max(id) - 4 FROM customers_customerimport)
"""
CURRENT = """
    SELECT dataset.id, dataset.current_version_id, import.customer_count
      FROM customers_dataset AS dataset JOIN customers_customerimport AS import
           ON import.id = dataset.current_version_id
"""
ASSIGNED = "SELECT run_id, count(*) FROM segmenter_clusterassignment WHERE run_id = ANY(%s) GROUP BY run_id"
HELD = "SELECT version_id, count(*) FROM customers_customer WHERE version_id = ANY(%s) GROUP BY version_id"
EXPORTS = """
    SELECT export.id, job.state, export.file_id IS NOT NULL, export.row_count IS NOT NULL
      FROM segmenter_customerexport AS export JOIN jobs_job AS job ON job.id = export.job_id
"""
ALONE = """
    SELECT lane, count(*) FROM jobs_job
     WHERE state = 'running' AND lane <> '' GROUP BY lane HAVING count(*) > 1
"""
PUBLISHED_TWICE = "SELECT job_id FROM fault_publication GROUP BY job_id HAVING count(*) > 1"


def violations(connection: psycopg.Connection, baseline: int) -> Iterator[str]:
    """The violations found in one pass over everything."""
    yield from wrong_runs(connection, baseline)
    yield from wrong_imports(connection)
    for dataset, version, customers in connection.execute(CURRENT):
        rows = dict(connection.execute(HELD, [[version]])).get(version, 0)
        if not rows or rows != customers:
            yield f"dataset {dataset} shows {rows} of the {customers} customers of version {version}"
    for export, state, *is_there in connection.execute(EXPORTS):
        if is_there != [state == "succeeded"] * 2:
            yield f"export {export} is {state}: {is_there}"
    for lane, count in connection.execute(ALONE):
        yield f"{count} jobs of {lane} run at once"
    for (job,) in connection.execute(PUBLISHED_TWICE):
        yield f"job {job} published twice"


def wrong_runs(connection: psycopg.Connection, baseline: int) -> Iterator[str]:
    parameters = {"baseline": baseline}
    before = connection.execute(RUNS, parameters).fetchall()
    yield from wrong_rows(connection, "run", before, ASSIGNED, RUNS, parameters)
    for run, state, customers, k, clustered in before:
        whole = k is not None and customers == clustered > 0
        nothing = k is None and customers == clustered == 0
        if not (whole if state == "succeeded" else nothing):
            yield f"run {run} is {state}: k {k}, {customers} customers, {clustered} in clusters"
        if run == baseline and not whole:
            yield f"the previous result, run {run}, cannot be read"


def wrong_imports(connection: psycopg.Connection) -> Iterator[str]:
    before = connection.execute(IMPORTS).fetchall()
    yield from wrong_rows(connection, "import", before, HELD, IMPORTS)
    for number, state, _, published, read, accounted in before:
        if read != accounted:
            yield f"import {number} read {read} and accounts for {accounted}"
        if published and state not in ("succeeded", "dropped"):
            yield f"import {number} is {state} and published"


def wrong_rows(
    connection: psycopg.Connection,
    what: str,
    before: list[Any],
    counting: str,
    looking: str,
    parameters: dict[str, int] | None = None,
) -> Iterator[str]:
    """Read the rows, then the states again: successful ones have all their rows, others none."""
    rows = dict(connection.execute(counting, [[number for number, *_ in before]]))
    after = {number: rest for number, *rest in connection.execute(looking, parameters)}
    for number, state, customers, *_ in before:
        later, *counts = after.get(number, ("dropped",))
        possible = {customers} if state == "succeeded" else {0}
        if state != "succeeded" and later == "succeeded":
            possible.add(counts[0])
        if later != "dropped" and rows.get(number, 0) not in possible:
            yield f"{what} {number} is {state}, then {later}: {rows.get(number, 0)} rows of {customers}"


def main(address: str, file: Path, baseline: int) -> None:
    looks = 0
    while True:
        try:
            with psycopg.connect(address, application_name="reader", autocommit=True) as connection:
                while True:
                    found = list(violations(connection, baseline))
                    looks += 1
                    if found:
                        with file.open("a") as report:
                            report.writelines(f"{violation}\n" for violation in found)
                    file.with_suffix(".looks").write_text(str(looks))
                    time.sleep(0.05)
        except psycopg.OperationalError:  # restarted by the suite: people would reload, too
            time.sleep(0.1)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
