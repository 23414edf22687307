"""The whole pipeline on a million customers, stage by stage, against plain Django and scikit-learn.

From the file to segments that people can browse, one after the other, with one numeric thread. Loading
libraries does not count: a worker has them loaded. Run with: python -m bench pipeline
"""

import csv
import io
import os
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.site import fresh_site

ROWS = int(os.environ.get("BENCH_ROWS", "1000000"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
FEATURES = ["Annual Income (k$)", "Spending Score (1-100)"]
TIMES_FASTER = 12
K = 5


@dataclass
class Watch:
    """Seconds by stage."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        before = time.perf_counter()
        yield
        self.seconds[name] = time.perf_counter() - before


# ---- Plain Django and scikit-learn ---------------------------------------------------------------


def make_plain_models() -> tuple[Any, Any]:
    """The tables an expert would create without partitions: a key, and an index for the queries."""
    from django.db import connection, models

    class PlainCustomer(models.Model):  # noqa: DJ008 - never shown
        customer_id = models.TextField(unique=True)
        gender = models.TextField()
        age = models.FloatField()
        income = models.FloatField()
        score = models.FloatField()

        class Meta:
            app_label = "bench"

    class PlainAssignment(models.Model):  # noqa: DJ008
        run = models.IntegerField()
        customer = models.ForeignKey(PlainCustomer, on_delete=models.CASCADE)
        label = models.SmallIntegerField()
        distance = models.FloatField()

        class Meta:
            app_label = "bench"
            indexes = [models.Index(fields=["run", "label", "distance"], name="plain_assignment_page")]

    with connection.schema_editor() as editor:
        editor.create_model(PlainCustomer)
        editor.create_model(PlainAssignment)
    return PlainCustomer, PlainAssignment


def read_plainly(path: Path) -> list[dict[str, Any]]:
    """Read and check with the standard library, as the import does: number ranges, unique ids."""
    seen, rows = set(), []
    with path.open(newline="", encoding="utf-8-sig") as file:
        for line, row in enumerate(csv.DictReader(file, strict=True), start=2):
            age, income, score = float(row["Age"]), float(row[FEATURES[0]]), float(row[FEATURES[1]])
            if row["CustomerID"] in seen or not (0 < age <= 120 and income >= 0 and 1 <= score <= 100):
                raise ValueError(f"line {line}")
            seen.add(row["CustomerID"])
            rows.append(
                {
                    "customer_id": row["CustomerID"],
                    "gender": row["Gender"],
                    "age": age,
                    "income": income,
                    "score": score,
                }
            )
    return rows


def run_plainly(path: Path, models: tuple[Any, Any]) -> tuple[dict[str, float], list[float]]:
    import numpy as np
    from django.db import connection
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from sklearn.cluster import KMeans
    from sklearn.preprocessing import StandardScaler

    customers, assignments = models
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {customers._meta.db_table}, {assignments._meta.db_table}")
    watch = Watch()
    with watch.stage("parse"):
        rows = read_plainly(path)
    with watch.stage("load"):
        customers.objects.bulk_create((customers(**row) for row in rows), batch_size=5_000)
    del rows
    with watch.stage("read"):
        read = customers.objects.values_list("pk", "income", "score").order_by("pk")
        values = np.array(list(read.iterator(chunk_size=20_000)))
        scaled = StandardScaler().fit_transform(values[:, 1:])
    with watch.stage("sweep"):
        fits = [KMeans(k, n_init=10, random_state=0).fit(scaled) for k in range(1, 11)]
    with watch.stage("fit"):
        labels = fits[K - 1].labels_
        distances = fits[K - 1].transform(scaled)[np.arange(len(labels)), labels]
    with watch.stage("store"):
        columns = values[:, 0].astype(int).tolist(), labels.tolist(), distances.tolist()
        made = (
            assignments(run=1, customer_id=pk, label=label, distance=distance)
            for pk, label, distance in zip(*columns, strict=True)
        )
        assignments.objects.bulk_create(made, batch_size=5_000)
    with watch.stage("chart"):
        figure = Figure(figsize=(8, 6))
        FigureCanvasAgg(figure)
        figure.subplots().scatter(values[:, 1], values[:, 2], c=labels, s=4)
        figure.savefig(io.BytesIO(), format="png")
    return watch.seconds, [float(fit.inertia_) for fit in fits]


# ---- Ours ----------------------------------------------------------------------------------------


def run_ours(path: Path, name: str) -> tuple[dict[str, float], dict[str, float], list[float]]:
    """Return the stages that plain Django also has, those it does not have, and the inertias."""
    from customers.importing.pipeline import create_dataset, import_now
    from jobs.worker.execution import execute
    from segmentation.models import SegmentationRun
    from segmentation.runs.execute import execute_run
    from segmentation.runs.request import RunRequest, start_run

    watch = Watch()
    dataset = create_dataset(name)
    with watch.stage("parse and load"), path.open("rb") as file:
        customer_import = import_now(dataset, file, path.name)
    assert customer_import.created_count == ROWS, customer_import.job.error
    dataset.refresh_from_db()
    with watch.stage("run"):
        run = start_run(RunRequest(dataset=dataset, features=FEATURES), foreground=True)
        execute(run.job_id, execute_run)
    run = SegmentationRun.objects.get(pk=run.pk)
    assert run.k == K, run.k
    with watch.stage("chart"):
        draw_scatter(run)
    seconds = {"read": run.timings["load"]}
    seconds |= {stage: run.timings[stage] for stage in ("sweep", "fit", "store")}
    extra = {stage: run.timings[stage] for stage in ("scores", "profiles")}
    rest = watch.seconds["run"] - sum(seconds.values()) - sum(extra.values())
    compared = {"parse and load": watch.seconds["parse and load"], **seconds, "around the run": rest}
    return compared | {"chart": watch.seconds["chart"]}, extra, run.sweep["inertias"]


def draw_scatter(run: Any) -> None:
    from segmentation.analysis.results import PairPicture, from_json
    from segmentation.chart_data.registry import Wanted, segment_marks
    from segmentation.charts.plots.scatter import draw_scatter
    from segmentation.charts.rendering import render_svg

    figure = draw_scatter(from_json(PairPicture, run.pictures[0]), segment_marks(Wanted(run)))
    render_svg(figure, title="Scatter plot", description="", prefix="bench")


# ---- Side by side --------------------------------------------------------------------------------


def medians(rounds: list[dict[str, float]]) -> dict[str, float]:
    return {stage: statistics.median(each[stage] for each in rounds) for stage in rounds[0]}


def main() -> int:
    with fresh_site() as folder:
        from django.core.management import call_command

        path = folder / "customers.csv"
        call_command("make_sample", str(path), rows=ROWS, stdout=io.StringIO())
        plain, plain_inertias = run_plainly(path, make_plain_models())
        run_ours(path, "Warm-up")  # loads the libraries, as a worker has them after its first job
        rounds = [run_ours(path, f"Round {number}") for number in range(ROUNDS)]
    ours, extra = medians([each[0] for each in rounds]), medians([each[1] for each in rounds])
    return report(plain, ours, extra, plain_inertias, rounds[0][2])


def report(
    plain: dict[str, float],
    ours: dict[str, float],
    extra: dict[str, float],
    plain_inertias: list[float],
    our_inertias: list[float],
) -> int:
    plain = {"parse and load": plain.pop("parse") + plain.pop("load"), **plain}
    print(f"Pipeline, {ROWS:,} customers; seconds, plain once, ours median of {ROUNDS}")
    for stage, here in ours.items():
        there = plain.get(stage, 0.0)
        print(f"  {stage:<16}{there:>9.2f}{here:>9.2f}{there / max(here, 1e-9):>8.1f} x")
    total, our_total = sum(plain.values()), sum(ours.values())
    ratio = total / our_total
    print(f"  {'total':<16}{total:>9.2f}{our_total:>9.2f}{ratio:>8.1f} x  (at least {TIMES_FASTER})")
    print("  not in plain Django: " + ", ".join(f"{stage} {value:.2f}" for stage, value in extra.items()))
    worst = max(mine / theirs for mine, theirs in zip(our_inertias, plain_inertias, strict=True))
    print(f"  inertia against plain, worst k: {worst:.6f}")
    return int(ratio < TIMES_FASTER)


if __name__ == "__main__":
    sys.exit(main())
