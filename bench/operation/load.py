"""People at work: 50 beside an import and a run of a million customers, 200, and 50 logins at once.

Web, worker, database and the visitors share the machine, so what the visitors cost is in the figures.
Run with: python -m bench load
"""

import os
import random
import re
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

from bench.browse import FEATURES, make_site, write_file
from bench.served import (
    COOKIE,
    Answer,
    Visitor,
    check,
    log_in,
    peak_megabytes,
    percentile,
    processor_seconds,
    serving,
    web_processes,
)
from bench.site import fresh_site

SECONDS = float(os.environ.get("BENCH_SECONDS", "60"))
REPEATS = 30
BACKGROUND = ("import", "run")


class Crowd:
    """People who click, each on a thread of their own, until `stop`."""

    def __init__(self, address: tuple[str, int], sessions: list[str], paths: list[str]) -> None:
        self.answers: list[Answer] = []
        self._ended = threading.Event()
        self._threads = [
            threading.Thread(target=self._click, args=(Visitor(address, session), paths, number))
            for number, session in enumerate(sessions)
        ]

    def _click(self, visitor: Visitor, paths: list[str], number: int) -> None:
        chance = random.Random(number)
        self._ended.wait(chance.uniform(0, 3))
        while not self._ended.is_set():
            self.answers.append(visitor.get(chance.choice(paths)))
            self._ended.wait(chance.uniform(1, 3))

    def __enter__(self) -> "Crowd":
        self.began = time.perf_counter()
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.seconds = time.perf_counter() - self.began
        self._ended.set()
        for thread in self._threads:
            thread.join()


def pages(run: Any) -> list[str]:
    """What people open most, with the charts that a run's page loads."""
    dataset, segment = (
        run.segmentation.dataset.get_absolute_url(),
        run.clusters.get(number=2).get_absolute_url(),
    )
    here = run.get_absolute_url()
    charts = [f"{here}charts/{name}.svg" for name in ("elbow", "scatter", "profile", "sizes")]
    return ["/", "/runs/", here, *charts, segment, dataset, f"{dataset}customers/", "/jobs/"]


def work(kind: str, run: Any, path: Path, name: str) -> float:
    """Have the worker import the file or segment its customers; return the seconds from click to end."""
    from customers.importing.pipeline import create_dataset, start_import
    from jobs.models import Job
    from segmentation.runs.request import RunRequest, start_run

    began = time.perf_counter()
    if kind == "import":
        with path.open("rb") as file:
            job_id = start_import(create_dataset(name), file, path.name).job_id
    else:
        request = RunRequest(dataset=run.segmentation.dataset, features=FEATURES, name=name)
        job_id = start_run(request).job_id
    while (state := Job.objects.values_list("state", flat=True).get(pk=job_id)) in ("queued", "running"):
        time.sleep(0.1)
    assert state == "succeeded", (kind, state)
    return time.perf_counter() - began


def fifty_beside_work(address: tuple[str, int], sessions: list[str], run: Any, path: Path) -> bool:
    alone = {kind: min(work(kind, run, path, f"{kind} alone {n}") for n in range(2)) for kind in BACKGROUND}
    with Crowd(address, sessions[:50], pages(run)) as crowd:
        beside = {kind: work(kind, run, path, f"{kind} beside") for kind in BACKGROUND}
        time.sleep(max(0.0, SECONDS - (time.perf_counter() - crowd.began)))
    statuses = Counter(answer.status for answer in crowd.answers)
    print(f"50 people beside an import and a run: {len(crowd.answers)} clicks, {dict(statuses)}")
    passed = [
        check("95th percentile of a click", percentile(crowd.answers, 95), "s", 1),
        check("errors and resets", len(crowd.answers) - statuses[200], "", 0),
    ]
    for kind in BACKGROUND:
        name = f"{kind}: {alone[kind]:.1f} s alone, {beside[kind]:.1f} s beside them"
        passed.append(check(name, beside[kind] / alone[kind], "×", 2.5))
    return all(passed)


def two_hundred(address: tuple[str, int], sessions: list[str], run: Any) -> bool:
    with Crowd(address, sessions, pages(run)) as crowd:
        time.sleep(SECONDS / 2)
    statuses = Counter(answer.status for answer in crowd.answers)
    served = [answer for answer in crowd.answers if answer.status == 200]
    refused = [answer for answer in crowd.answers if answer.status == 503 and answer.retry_after]
    print(f"200 people: {len(crowd.answers)} clicks, {dict(statuses)}")
    return all(
        [
            check(
                "neither answered nor 503 with Retry-After", len(crowd.answers) - len(served + refused), "", 0
            ),
            check("pages served", len(served) / crowd.seconds, "a second", 20, at_least=True),
            check("95th percentile of those served", percentile(served, 95), "s", 5),
        ]
    )


def one_after_the_other(address: tuple[str, int], session: str, run: Any) -> bool:
    """What the web processes compute for each page and chart."""
    web, visitor, spent = web_processes(address), Visitor(address, session), {}
    for page in pages(run):
        before = processor_seconds(web)
        for _ in range(REPEATS):
            assert visitor.get(page).status == 200, page
        spent[page] = 1000 * (processor_seconds(web) - before) / REPEATS
    print("Processor time: " + ", ".join(f"{page} {cost:.0f} ms" for page, cost in spent.items()))
    return check("processor time of a page", sum(spent.values()) / len(spent), "ms", 30)


def fifty_logins(address: tuple[str, int]) -> bool:
    from django.contrib.auth.hashers import make_password
    from django.contrib.auth.models import User

    secret = make_password("correct horse battery")
    people = [User.objects.create_superuser(f"early{number}") for number in range(50)]
    User.objects.filter(pk__in=[person.pk for person in people]).update(password=secret)
    statuses: list[int] = []
    began = time.perf_counter()
    threads = [
        threading.Thread(target=lambda name=person.username: statuses.append(log_in_by_form(address, name)))
        for person in people
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - began
    print(f"50 logins at once: {dict(Counter(statuses))}")
    return all(
        [check("done within", seconds, "s", 15), check("not logged in", 50 - statuses.count(302), "", 0)]
    )


def log_in_by_form(address: tuple[str, int], name: str) -> int:
    from urllib.parse import urlencode

    visitor = Visitor(address)
    connection, headers = visitor.connection, visitor.headers
    connection.request("GET", "/accounts/login/", headers=headers)
    page = connection.getresponse()
    while page.status == 503:  # as the page does for them that says so
        page.read()
        time.sleep(float(page.headers["Retry-After"]))
        connection.request("GET", "/accounts/login/", headers=headers)
        page = connection.getresponse()
    cookie = page.headers.get("Set-Cookie", "").split(";")[0]
    found = re.search(rb'name="csrfmiddlewaretoken" value="(\w+)"', page.read())
    assert found is not None, page.status
    form = {"login": name, "password": "correct horse battery", "csrfmiddlewaretoken": found[1].decode()}
    headers = {**headers, "Cookie": cookie, "Content-Type": "application/x-www-form-urlencoded"}
    connection.request("POST", "/accounts/login/", urlencode(form), headers)
    answer = connection.getresponse()
    answer.read()
    return answer.status if COOKIE in str(answer.headers.get_all("Set-Cookie")) else 0


def main() -> int:
    with fresh_site() as folder:
        run = make_site(folder)
        path = write_file(folder)
        sessions = log_in(200)
        with serving(folder, log=folder / "log", ALLOWED_HOSTS="localhost") as address:
            web = web_processes(address)
            warm = Visitor(address, sessions[0])
            for page in pages(run) * 3:
                assert warm.get(page).status == 200, page
            passed = [
                one_after_the_other(address, sessions[0], run),
                fifty_beside_work(address, sessions, run, path),
                two_hundred(address, sessions, run),
                fifty_logins(address),
                check("peak memory of a web process", peak_megabytes(web), "MB", 400),
            ]
        print((folder / "log").read_text()[-3000:])
    return int(not all(passed))


if __name__ == "__main__":
    sys.exit(main())
