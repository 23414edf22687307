"""A process that reads all along, as people do, and writes down whatever must never be seen.

Like the site's pages it reads at READ COMMITTED: each statement is one snapshot, and each holds what belongs
together. (A REPEATABLE READ transaction that began before a publication may see all rows of a new partition:
COPY … FREEZE makes them visible to older snapshots. Nothing in the site reads so.)
Started as `python fault_reader.py CONNECTION FILE BASELINE`; ends on SIGTERM.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import psycopg

RUNS = """
    SELECT run.id, job.state, run.k, run.customer_count,
           (SELECT count(*) FROM segmenter_clusterassignment WHERE run_id = run.id),
           (SELECT coalesce(sum(size), 0) FROM segmenter_cluster WHERE run_id = run.id)
      FROM segmenter_segmentationrun AS run JOIN jobs_job AS job ON job.id = run.job_id
     WHERE run.id = %(baseline)s OR run.id > (SELECT max(id) - 4 FROM segmenter_segmentationrun)
"""
IMPORTS = """
    SELECT import.id, job.state, import.customer_count, import.published_at IS NOT NULL,
           import.dropped_at IS NOT NULL, import.read_count,
           import.created_count + import.updated_count + import.unchanged_count + import.rejected_count,
           (SELECT count(*) FROM customers_customer WHERE version_id = import.id)
      FROM customers_customerimport AS import JOIN jobs_job AS job ON job.id = import.job_id
     WHERE import.id > (SELECT max(id) - 4 FROM customers_customerimport)
"""
CURRENT = """
    SELECT dataset.id, dataset.current_version_id, import.customer_count,
           (SELECT count(*) FROM customers_customer WHERE version_id = dataset.current_version_id)
      FROM customers_dataset AS dataset JOIN customers_customerimport AS import
           ON import.id = dataset.current_version_id
"""
ALONE = """
    SELECT lane, count(*) FROM jobs_job
     WHERE state = 'running' AND lane <> '' GROUP BY lane HAVING count(*) > 1
"""
PUBLISHED_TWICE = "SELECT job_id FROM fault_publication GROUP BY job_id HAVING count(*) > 1"


def violations(connection: psycopg.Connection, baseline: int) -> list[str]:
    """What one look at everything finds wrong."""
    found = []
    for run, state, k, customers, assignments, clustered in connection.execute(RUNS, {"baseline": baseline}):
        whole = k is not None and customers == assignments == clustered and customers > 0
        nothing = k is None and customers == assignments == clustered == 0
        if not (whole if state == "succeeded" else nothing):
            found.append(f"run {run} is {state}: k {k}, {customers}, {assignments} assignments, {clustered}")
        if run == baseline and not whole:
            found.append(f"the previous result, run {run}, cannot be read")
    for row in connection.execute(IMPORTS):
        number, state, customers, published, dropped, read, accounted, rows = row
        if read != accounted:
            found.append(f"import {number} read {read} and accounts for {accounted}")
        if not dropped and rows != (customers if state == "succeeded" else 0):
            found.append(f"import {number} is {state}: {rows} rows of {customers}")
        if published and state != "succeeded":
            found.append(f"import {number} is {state} and published")
    for dataset, version, customers, rows in connection.execute(CURRENT):
        if not rows or rows != customers:
            found.append(f"dataset {dataset} shows {rows} of the {customers} customers of version {version}")
    found += [f"{count} jobs of {lane} run at once" for lane, count in connection.execute(ALONE)]
    found += [f"job {job} published twice" for (job,) in connection.execute(PUBLISHED_TWICE)]
    return found


def main(address: str, file: Path, baseline: int) -> None:
    looks = 0
    while True:
        try:
            with psycopg.connect(address, application_name="reader", autocommit=True) as connection:
                while True:
                    found = violations(connection, baseline)
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
