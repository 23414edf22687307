"""Browsing a million customers: pages of a segment at any depth, filters, searches, and a hundred runs.

Page times cover the whole response through Django's test client. Run with: python -m bench browse
"""

import csv
import io
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from bench.site import fresh_site

ROWS = int(os.environ.get("BENCH_ROWS", "1000000"))
REPEATS = int(os.environ.get("BENCH_ROUNDS", "20"))
RUNS = 100
FEATURES = ["Annual Income (k$)", "Spending Score (1-100)"]
DEEPEST_TIMES, OFFSET_TIMES = 2, 50
PREFIX_MS, STORED_MS, OTHER_MS, CHART_MS, SEARCH_MS = 5, 100, 1_000, 300, 500
CITIES = ("Berlin", "Hamburg", "München", "Köln", "Frankfurt", "Stuttgart", "Leipzig", "Bremen", "Dresden")


# ---- A site with a million customers and a hundred runs --------------------------------------------------


def write_file(folder: Path) -> Path:
    """The sample's customers, with a name, a city, a date and a few more numbers."""
    from django.core.management import call_command

    plain, path = folder / "plain.csv", folder / "customers.csv"
    call_command("make_sample", str(plain), rows=ROWS, stdout=io.StringIO())
    with plain.open(newline="", encoding="utf-8-sig") as source, path.open("w", newline="") as target:
        rows, out = csv.reader(source), csv.writer(target)
        extra = ["Name", "City", "Joined", "Orders", "Returns", "Basket", "Visits"]
        out.writerow([*next(rows), *extra])
        out.writerows([*row, *more] for row, more in zip(rows, more_columns(), strict=True))
    return path


def more_columns() -> Iterator[list[Any]]:
    random = np.random.default_rng(0)
    for number in range(ROWS):
        a, b, c = random.integers(0, 1_000_000, 3).tolist()
        name = f"{'ABCDEFGHIJ'[a % 10]}na {hex(b * 7919 + c)[2:]}"
        joined = f"{2015 + a % 10}-{1 + b % 12:02}-{1 + c % 28:02}"
        basket = round(a / 7_000, 2) if c % 10 else ""
        yield [name, CITIES[b % len(CITIES)], joined, a % 40, b % 7, basket, number % 1_000]


def make_site(folder: Path) -> Any:
    """Import the file, segment it and copy the run; return the run."""
    from customers.importing.pipeline import create_dataset, import_now
    from jobs.worker.execution import execute
    from segmentation.models import SegmentationRun
    from segmentation.runs.execute import execute_run
    from segmentation.runs.request import RunRequest, start_run

    dataset = create_dataset("Shop")
    path = write_file(folder)
    with path.open("rb") as file:
        done = import_now(dataset, file, path.name)
    assert done.created_count == ROWS, (done.job.error, done.warnings)
    dataset.refresh_from_db()
    run = start_run(RunRequest(dataset=dataset, features=FEATURES), foreground=True)
    execute(run.job_id, execute_run)
    run = SegmentationRun.objects.select_related("segmentation__dataset").get(pk=run.pk)
    assert run.k == 5, run.k
    return run


def copy_run(run: Any, times: int) -> None:
    """Copy a finished run with everything except the assignments."""
    from django.db.models.functions import Now

    from jobs.models import Job
    from segmentation.models import Cluster, SegmentationRun

    clusters = list(Cluster.objects.filter(run=run))
    copied = SegmentationRun.objects.get(pk=run.pk)
    for _ in range(times):
        copied.pk = None
        copied.job = Job.objects.create(kind="run", state="succeeded", finished_at=Now(), attempt_limit=2)
        copied.save()
        for cluster in clusters:
            cluster.pk, cluster.run = None, copied
        Cluster.objects.bulk_create(clusters)


# ---- Measuring -------------------------------------------------------------------------------------------


def milliseconds(call: Callable[[], object], repeats: int) -> list[float]:
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        times.append(1_000 * (time.perf_counter() - start))
    return times


def p95(times: list[float]) -> float:
    return float(np.percentile(times, 95))


def check(name: str, value: float, unit: str, bound: float, *, at_least: bool = False) -> bool:
    passed = value >= bound if at_least else value <= bound
    sign, missed = "at least" if at_least else "at most", "" if passed else "  <-- MISSED"
    print(f"  {name:<52}{value:>10,.1f} {unit:<6}({sign} {bound:,}){missed}", flush=True)
    return passed


class Site:
    """The pages, requested by a logged-in user."""

    def __init__(self, run: Any) -> None:
        from django.conf import settings
        from django.contrib.auth.models import User
        from django.test import Client

        settings.ALLOWED_HOSTS = ["testserver"]
        self.client = Client()
        self.client.force_login(User.objects.create_superuser("bench", password=None))
        self.run = run
        self.dataset = run.segmentation.dataset
        self.cluster = run.clusters.get(number=2)
        self.segment = self.cluster.get_absolute_url()
        self.customers = f"{self.dataset.get_absolute_url()}customers/"
        self.ids = {attribute.name: attribute.pk for attribute in self.dataset.attributes.all()}

    def get(self, address: str) -> Any:
        answer = self.client.get(address)
        assert answer.status_code == 200, (address, answer.status_code)
        return answer

    def time(self, address: str, repeats: int = REPEATS) -> list[float]:
        self.get(address)
        return milliseconds(lambda: self.get(address), repeats)


def deepest_cursor(site: Site) -> int:
    """The customer 100 places before the end of the segment, most typical first."""
    from segmentation.models import ClusterAssignment

    rows = ClusterAssignment.objects.filter(run=site.run, label=site.cluster.label)
    return int(rows.order_by("-distance", "-customer_id").values_list("customer_id", flat=True)[100])


def check_depth(site: Site) -> list[bool]:
    """The deepest page against the first one, and against OFFSET with a plain join."""
    from django.db import connection
    from django.http import QueryDict

    from customers.lists.listing import Listing
    from segmentation.models import Cluster
    from segmentation.segments.customers import SORTS, read_members

    cluster = Cluster.objects.with_owners().get(pk=site.cluster.pk)
    attributes = list(site.dataset.attributes.all())

    def page(query: str) -> Callable[[], object]:
        listing = Listing.read(QueryDict(query), site.dataset, attributes, sorts=SORTS)
        return lambda: read_members(cluster, listing)

    def offset() -> None:
        statement = """
            SELECT * FROM segmenter_clusterassignment AS a
              JOIN customers_customer AS c ON c.id = a.customer_id
             WHERE a.run_id = %s AND a.label = %s AND c.version_id = %s
             ORDER BY a.distance, a.customer_id OFFSET %s LIMIT 50"""
        with connection.cursor() as cursor:
            where = site.run.pk, cluster.label, site.dataset.current_version_id, cluster.size - 100
            cursor.execute(statement, where)
            assert len(cursor.fetchall()) == 50

    last = f"after={deepest_cursor(site)}"
    rounds = 3 * REPEATS
    first, deepest = (float(np.median(milliseconds(page(query), rounds))) for query in ("", last))
    plain = float(np.median(milliseconds(offset, 5)))
    print(f"  first page {first:.2f} ms, deepest {deepest:.2f} ms, OFFSET with a plain join {plain:.1f} ms")
    pages = [p95(site.time(f"{site.segment}{query}")) for query in ("", f"?{last}")]
    return [
        check("deepest page against the first, in the database", deepest / first, "times", DEEPEST_TIMES),
        check("deepest page against the first, whole answers", pages[1] / pages[0], "times", DEEPEST_TIMES),
        check("OFFSET against the deepest page", plain / deepest, "times", OFFSET_TIMES, at_least=True),
    ]


def check_prefix(site: Site) -> bool:
    """The database's share of a search by id prefix."""
    from django.http import QueryDict

    from customers.lists.selection import Selection
    from customers.models import Customer

    selection = Selection.read(QueryDict("id=12345"), site.dataset)
    found = (
        selection.apply(Customer.objects.of(site.dataset)).order_by("id").values_list("id", flat=True)[:51]
    )
    times = milliseconds(lambda: list(found.all()), 10 * REPEATS)
    return check("search by id prefix, in the database, p95", p95(times), "ms", PREFIX_MS)


def check_pages(site: Site) -> list[bool]:
    stored = [f"{site.segment}?sort={name}" for name in ("distance", "margin", "id", "-distance")]
    stored += [f"{site.customers}?sort=id", f"{site.customers}?sort=-id", f"{site.customers}?sort=customer"]
    others = [
        *(f"sort={way}{site.ids[name]}" for name in ("Age", "Name", "City", "Basket") for way in ("", "-")),
        f"{site.ids['City']}.is=Berlin",
        f"{site.ids['Age']}.from=30&{site.ids['Age']}.to=40&sort=-{site.ids['Basket']}",
        f"{site.ids['Age']}.from=30&{site.ids['City']}.is=Berlin&{site.ids['Visits']}.to=3",
        f"{site.ids['Basket']}.missing=yes",
        f"{site.ids['Name']}.has=zzz",
        f"{site.ids['Joined']}.from=2020-01-01&{site.ids['Joined']}.to=2020-01-31",
        "id=123",
    ]
    searches = ["text=zzz", "text=ana", "text=%25_"]
    results = [check(f"{name}", p95(site.time(name)), "ms", STORED_MS) for name in stored]
    few = max(3, REPEATS // 4)
    asked = [(query, OTHER_MS) for query in others] + [(query, SEARCH_MS) for query in searches]
    for base, place in ((site.segment, "segment"), (site.customers, "dataset")):
        results += [
            check(f"{place}: {query}", p95(site.time(f"{base}?{query}", few)), "ms", bound)
            for query, bound in asked
        ]
    return results


def check_site(site: Site) -> list[bool]:
    """The other pages, with a hundred runs."""
    run = site.run.get_absolute_url()
    customer = f"{site.customers}{site.cluster.typical[0]}/"
    segmentation = site.run.segmentation.get_absolute_url()
    pages = ["/", "/runs/", run, site.dataset.get_absolute_url(), segmentation, "/jobs/", customer]
    results = [check(page, p95(site.time(page)), "ms", STORED_MS) for page in pages]
    charts = [f"{run}charts/{name}.svg" for name in ("elbow", "scatter", "sizes", "profile", "distributions")]
    return results + [check(page, p95(site.time(page, 5)), "ms", CHART_MS) for page in charts]


def main() -> int:
    with fresh_site() as folder:
        run = make_site(folder)
        copy_run(run, RUNS - 1)
        site = Site(run)
        print(f"Browsing, {ROWS:,} customers, {site.cluster.size:,} in the segment, {RUNS} runs", flush=True)
        results = [*check_depth(site), check_prefix(site), *check_pages(site), *check_site(site)]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
