"""Charts without values of customers are drawn once for everybody, and by the cache's leave only."""

import pytest
from django.core.cache import cache
from django.urls import reverse
from redis.exceptions import ConnectionError as AwayError

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
    cache.clear()
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


def test_values_of_customers_are_not_kept(drawn, run, analyst_client):
    for _ in range(2):
        analyst_client.get(chart_of(run, "scatter"))
    assert len(drawn) == 2


def test_without_the_cache_charts_are_drawn(drawn, run, analyst_client, monkeypatch):
    def fail(*args, **kwargs):
        raise AwayError

    monkeypatch.setattr(cache, "get", fail)
    assert analyst_client.get(chart_of(run, "elbow")).status_code == 200
    assert len(drawn) == 1
