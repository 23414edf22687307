"""No page makes more queries because there is more data."""

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from jobs.models import Job
from segmentation.comparison.flows import compare_with_the_run_before
from segmentation.models import Cluster, SegmentationRun

pytestmark = pytest.mark.django_db(transaction=True)
MOST = 16


def multiply(run: SegmentationRun, times: int) -> None:
    """Copy a finished run, with its clusters."""
    clusters = list(run.clusters.all())
    for _ in range(times):
        run.job = Job.objects.create(
            kind="run", state="succeeded", finished_at=Now(), attempt_limit=2, created_by=run.job.created_by
        )
        run.pk = None
        run.save()
        for cluster in clusters:
            cluster.pk, cluster.run = None, run
        Cluster.objects.bulk_create(clusters)


def test_every_page_costs_at_most_16_queries_however_many_runs(administrator_client, shop, execute_a_run):
    run = execute_a_run(shop, k=5)
    pages = [
        "/",
        *("/datasets/", "/runs/", "/jobs/", "/people/", "/audit/"),
        shop.get_absolute_url(),
        reverse("customers:customer-list", args=[shop.slug]),
        reverse("segmentation:run-create", args=[shop.slug]),
        reverse("segmentation:dataset-delete", args=[shop.slug]),
        shop.current_version.get_absolute_url(),
        run.get_absolute_url(),
        reverse("segmentation:run-delete", args=[run.pk]),
        run.segmentation.get_absolute_url(),
        reverse("segmentation:segmentation-sizes", args=[run.segmentation_id, "svg"]),
        reverse("segmentation:segment-edit", args=[run.segmentation_id, run.clusters.first().segment_id]),
        run.clusters.first().get_absolute_url(),
        reverse("customers:customer-detail", args=[shop.slug, 1]),
        reverse("segmentation:chart", args=[run.pk, "scatter", "svg"]),
    ]
    multiply(run, 100)
    later = execute_a_run(shop, k=4)
    compare_with_the_run_before(later.job_id)  # as the worker does after a run
    before = SegmentationRun.objects.before(later).first()
    pages.append(f"{reverse('segmentation:run-compare')}?run={before.pk}&run={later.pk}")
    asked = {}
    for page in pages:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert administrator_client.get(page).status_code == 200
        asked[page] = len(queries)
    assert not {page: count for page, count in asked.items() if count > MOST}, asked
