"""A thousand rounds of import, run, export and delete: memory, files, partitions, connections stay the same.

Run with: python -m bench soak (about an hour; BENCH_ROUNDS for fewer rounds)
"""

import io
import os
import re
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from statistics import median
from typing import Any

from bench.browse import FEATURES
from bench.served import Visitor, check, log_in, processes_of, serving, web_processes
from bench.site import fresh_site

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "1000"))
ROWS = 2_000
LOOKS = 20


@dataclass
class Look:
    """What the site holds at one moment."""

    web_megabytes: float
    worker_megabytes: float
    open_files: int
    connections: int
    partitions: int
    stored_files: int
    database_megabytes: float


# What may come on top from the second quarter of the rounds to the last: the C library and PostgreSQL keep
# what they have once needed; of everything else there must be no more than before.
MAY_GROW = Look(20, 40, 12, 4, 8, 10, 60)


def look(data: Path, web: list[Path], worker: list[Path]) -> Look:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()),"
            " (SELECT count(*) FROM pg_inherits), pg_database_size(current_database())"
        )
        connections, partitions, size = cursor.fetchone()
    stored = [path for name in ("uploads", "exports") for path in (data / name).rglob("*") if path.is_file()]
    return Look(
        web_megabytes=sum(map(megabytes, web)),
        worker_megabytes=sum(map(megabytes, worker)),
        open_files=sum(len(list((folder / "fd").iterdir())) for folder in web),
        connections=connections,
        partitions=partitions,
        stored_files=len(stored),
        database_megabytes=size / 1e6,
    )


def megabytes(folder: Path) -> float:
    lines = (folder / "status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon")) / 1000


class Round:
    """One round, as a person would do it: through pages, with the work done by the worker."""

    def __init__(self, address: tuple[str, int], session: str) -> None:
        from django.test import Client

        self.visitor = Visitor(address, session)
        self.client = Client(headers={"host": "localhost"})
        self.client.cookies["sessionid"] = session

    def go(self, number: int, path: Path) -> None:
        from customers.importing.pipeline import create_dataset, start_import
        from segmentation.runs.request import RunRequest, start_run

        dataset = create_dataset(f"Round {number}")
        with path.open("rb") as file:
            wait_for(start_import(dataset, file, path.name).job_id)
        dataset.refresh_from_db()
        run = start_run(RunRequest(dataset=dataset, features=FEATURES))
        wait_for(run.job_id)
        here = run.get_absolute_url()
        for page in ("/", here, f"{here}charts/scatter.svg", f"{here}segments/1/", f"{here}export.csv"):
            answer = self.visitor.get(page)
            assert answer.status == 200, (page, answer)
        self.export(dataset, run)
        for address in (f"{here}delete/", f"{dataset.get_absolute_url()}delete/"):
            answer = self.client.post(address, {"name": dataset.name})
            assert answer.status_code == 302, (address, answer.status_code)

    def export(self, dataset: Any, run: Any) -> None:
        from django.contrib.auth.models import User
        from django.http import QueryDict

        from customers.lists.selection import Selection
        from segmentation.exports.background import start_export
        from segmentation.exports.contents import Exportable

        what = Exportable.today(dataset, None, Selection.read(QueryDict(), dataset), run)
        user = User.objects.get(pk=self.client.session["_auth_user_id"])
        export = start_export(what, "csv", [column.key for column in what.rows().columns], user)
        wait_for(export.job_id)
        assert self.visitor.get(f"{export.get_absolute_url()}download/").status == 200


def wait_for(job_id: int) -> None:
    from jobs.models import Job

    while (state := Job.objects.values_list("state", flat=True).get(pk=job_id)) in ("queued", "running"):
        time.sleep(0.02)
    assert state == "succeeded", (job_id, state)


def main() -> int:
    with fresh_site() as folder:
        from django.core.management import call_command

        path = folder / "customers.csv"
        call_command("make_sample", str(path), rows=ROWS, stdout=io.StringIO())
        session = log_in(1)[0]
        looks = []
        with serving(folder, log=folder / "log", ALLOWED_HOSTS="localhost") as address:
            web, worker = (
                web_processes(address),
                processes_of(lambda words: {"celery", "worker"} <= set(words)),
            )
            person = Round(address, session)
            for number in range(ROUNDS):
                person.go(number, path)
                if (number + 1) % max(1, ROUNDS // LOOKS) == 0:
                    looks.append(look(folder / "data", web, worker))
                    print(f"  after {number + 1} rounds: {looks[-1]}", flush=True)
        print((folder / "log").read_text()[-3000:])
    return report(looks)


def report(looks: list[Look]) -> int:
    """Compare the second quarter, when every process has loaded what it needs, with the last one."""
    quarter = max(1, len(looks) // 4)
    passed = []
    for field in fields(Look):
        read: Callable[[Look], float] = lambda one, name=field.name: getattr(one, name)  # noqa: E731
        before, after = median(map(read, looks[quarter : 2 * quarter])), median(map(read, looks[-quarter:]))
        name = f"{re.sub('_', ' ', field.name)}: {before:,.0f}, then {after:,.0f}; more by"
        passed.append(check(name, after - before, "", getattr(MAY_GROW, field.name)))
    return int(not all(passed))


if __name__ == "__main__":
    sys.exit(main())
