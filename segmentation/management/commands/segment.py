"""Run a segmentation in the foreground."""

from __future__ import annotations

import json
import time
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from customers.models import Dataset
from jobs.models import Job
from jobs.worker.execution import execute
from segmentation.analysis.preparation.wording import explain
from segmentation.analysis.results import Advice, KLimits, from_json
from segmentation.models import Missing, Outliers, Scaling, SegmentationRun
from segmentation.runs.errors import RunRefusedError
from segmentation.runs.quality import word_reasons
from segmentation.runs.recipes import Prepared, list_preparation_warnings, prepared_of
from segmentation.runs.remarks import word_remark
from segmentation.runs.request import RunRequest, start_run
from segmentation.runs.settings_summary import list_left_out

ANSWERS = {
    "clear": "There are %(k)s clear groups.",
    "touching": "There are %(k)s groups that touch.",
    "useful": "There are no clear groups; %(k)s segments are useful.",
    "nothing": "There is nothing to go by.",
}


class Command(BaseCommand):
    help = "Find the segments of a dataset: elbow sweep, advice on k, k-means, stored like any other run."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dataset", required=True, metavar="NAME")
        parser.add_argument(
            "--features",
            nargs="+",
            metavar="ATTRIBUTE",
            help="numbers and dates; without any, and without texts, those proposed",
        )
        parser.add_argument("--one-hot", default=[], nargs="+", metavar="ATTRIBUTE", help="texts, with care")
        parser.add_argument("--k", type=int, help="number of segments; without it the recommended one")
        parser.add_argument(
            "--k-max",
            type=int,
            help="last k of the sweep; without it 10, or farther where the best lies there",
        )
        parser.add_argument("--scaling", choices=Scaling.values, help="without it as before, else standard")
        parser.add_argument(
            "--log1p",
            default=["auto"],
            nargs="+",
            metavar="auto|none|ATTRIBUTE",
            help="take logarithms: auto decides when a segmentation is made, none of raw values",
        )
        parser.add_argument("--missing", choices=Missing.values, help="without it as before, else leave-out")
        parser.add_argument(
            "--outliers", choices=Outliers.values, help="without it as before, else set-aside"
        )
        parser.add_argument("--min-segments", type=int, metavar="N", help="recommend no fewer")
        parser.add_argument("--max-segments", type=int, metavar="N", help="recommend no more")
        parser.add_argument("--min-share", type=float, default=0, metavar="PERCENT", help="of each segment")
        parser.add_argument("--random-state", type=int, default=0)
        parser.add_argument("--name", default="", help="name of the segmentation, if not the usual one")
        parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")

    def handle(self, **options: Any) -> None:
        started = time.perf_counter()
        run = self._start(options)
        # It loads scikit-learn: only once it is clear that there is a run.
        from segmentation.runs.execute import execute_run

        execute(run.job_id, lambda claim: execute_run(claim, started=started))
        run = SegmentationRun.objects.select_related("job").get(pk=run.pk)
        if run.job.state != Job.State.SUCCEEDED:
            raise CommandError(run.job.error or "The run was cancelled.", returncode=2)
        if options["json"]:
            self.stdout.write(json.dumps(_summary(run)))
        else:
            self._print(run)

    def _start(self, options: dict[str, Any]) -> SegmentationRun:
        dataset = Dataset.objects.filter(name=options["dataset"]).first()
        if dataset is None:
            known = ", ".join(f"“{name}”" for name in Dataset.objects.values_list("name", flat=True))
            raise CommandError(
                f"There is no dataset “{options['dataset']}”. There are: {known or 'none yet'}.", returncode=2
            )
        same = ("one_hot", "scaling", "missing", "outliers", "k", "k_max", "name")
        limits = KLimits(options["min_segments"], options["max_segments"], options["min_share"] / 100)
        request = RunRequest(
            dataset=dataset,
            limits=limits,
            random_state=options["random_state"],
            features=[] if options["features"] is None and options["one_hot"] else options["features"],
            log1p=_logarithms(options["log1p"]),
            **{name: options[name] for name in same},
        )
        try:
            return start_run(request, foreground=True)
        except RunRefusedError as error:
            raise CommandError(str(error), returncode=2) from error

    def _print(self, run: SegmentationRun) -> None:
        summary = _summary(run)
        self.stdout.write(f"Run {run.pk}: {run.customer_count:,} customers in {run.k} segments.")
        self.stdout.write(summary["advice"])
        for warning in summary["warnings"]:
            self.stdout.write(f"  Beware: {warning['text']}")
        for point in summary["sweep"]:
            silhouette = "" if point["silhouette"] is None else f"  silhouette {point['silhouette']:.3f}"
            self.stdout.write(f"  k = {point['k']:>2}  WCSS {point['inertia']:,.2f}{silhouette}")
        for segment in summary["segments"]:
            centroid = ", ".join(f"{name} {value:,.1f}" for name, value in segment["centroid"].items())
            self.stdout.write(f"  {segment['number']}. {segment['name']}: {segment['size']:,} ({centroid})")
        for each in list_left_out(run):
            self.stdout.write(f"  Left out: {each.count:,}, {each.reason}.")
        if taken := summary["prepared"]["log1p"]:
            self.stdout.write(f"  Logarithms were taken of {', '.join(taken)}.")


def _logarithms(given: list[str]) -> list[str] | None:
    """The attributes named; `None` for those proposed."""
    if given == ["auto"]:
        return None
    return [] if given == ["none"] else given


def _answer(run: SegmentationRun) -> str:
    verdict = from_json(Advice, run.advice).verdict
    answer = "touching" if verdict is not None and verdict.is_touching else run.verdict
    return ANSWERS[answer] % {"k": run.k_recommended or run.k_useful}


def _summary(run: SegmentationRun) -> dict[str, Any]:
    """The run as the command's JSON object."""
    advice = from_json(Advice, run.advice)
    return {
        "run": run.pk,
        "kind": "find",
        "k": run.k,
        "k_recommended": run.k_recommended,
        "k_useful": run.k_useful,
        "verdict": run.verdict,
        "warnings": [
            *({"code": each.code, "text": text} for each in advice.warnings if (text := word_remark(each))),
            *map(asdict, list_preparation_warnings(run)),
        ],
        "advice": " ".join([_answer(run), *word_reasons(advice)]),
        "customers": run.customer_count,
        "left_out": run.left_out_count,
        "prepared": _preparation(prepared_of(run)),
        # JSON from the database comes in no order: k, inertia and silhouette first, as people read it.
        "sweep": [{**dict.fromkeys(("k", "inertia", "silhouette")), **row} for row in run.scores["rows"]],
        "segments": [
            {
                "id": cluster.segment_id,
                "number": cluster.number,
                "name": cluster.segment.name,
                "size": cluster.size,
                "centroid": dict(cluster.features),
            }
            for cluster in run.clusters.select_related("segment")
        ],
        "seconds": run.timings,
    }


def _preparation(prepared: Prepared) -> dict[str, Any]:
    """What was proposed and done before the run."""
    return {
        "log1p": list(prepared.log1p),
        "features": list(prepared.features),
        "texts": list(prepared.texts),
        "reference_dates": dict(prepared.reference_dates),
        "left_out_attributes": [
            {"name": each.name, "code": each.code, "text": explain(each)} for each in prepared.left_out
        ],
    }
