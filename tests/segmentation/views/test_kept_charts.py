"""Charts are drawn once for everybody; the cache that processes share knows nothing of them."""

import pytest
from django.core.cache import caches
from django.urls import reverse

from segmentation.charts import rendering
from segmentation.models import Segment

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def drawn(monkeypatch):
    """How often a chart was drawn."""
    times, draw = [], rendering.render_svg

    def count(*args, **kwargs):
        times.append(kwargs["title"])
        return draw(*args, **kwargs)

    monkeypatch.setattr(rendering, "render_svg", count)
    caches["charts"].clear()
    return times


@pytest.fixture
def run(shop, execute_a_run):
    return execute_a_run(shop, k=5)


def chart_of(run, name):
    return reverse("segmentation:chart", args=[run.pk, name, "svg"])


def test_the_second_person_gets_the_chart_that_was_drawn_for_the_first(drawn, run, analyst_client):
    first = analyst_client.get(chart_of(run, "sizes"))
    second = analyst_client.get(chart_of(run, "sizes"))
    assert first.content == second.content
    assert len(drawn) == 1


def test_a_segment_with_another_name_is_drawn_anew(drawn, run, analyst_client):
    analyst_client.get(chart_of(run, "sizes"))
    Segment.objects.filter(pk=run.clusters.get(number=1).segment_id).update(name="Regulars")
    assert b"Regulars" in analyst_client.get(chart_of(run, "sizes")).content
    assert len(drawn) == 2


def test_values_of_customers_are_kept_in_the_process_alone(drawn, run, analyst_client):
    caches["default"].clear()
    for _ in range(2):
        analyst_client.get(chart_of(run, "scatter"))
    assert len(drawn) == 1
    server = caches["default"]._cache.get_client()  # every key, whoever wrote it
    assert not [key for key in server.keys("*") if b"chart" in key]


def test_who_may_not_see_the_run_gets_no_chart_that_was_drawn_for_others(drawn, run, analyst_client, client):
    analyst_client.get(chart_of(run, "scatter"))
    assert client.get(chart_of(run, "scatter")).status_code == 302
