"""All time in pieces, each of which opens few partitions."""

from datetime import UTC, datetime
from itertools import pairwise

import pytest

from audit.models import AuditEvent
from audit.trail import months, spans
from audit.trail.months import Month
from bench.site import watch_locks

pytestmark = pytest.mark.django_db(transaction=True)


def test_spans_follow_one_another_from_the_first_moment_to_the_last(db):
    for number in (1, 2, 4, 5, 9):
        months.make_month(Month(2001, number))
    found = spans.all_time()
    assert (found[0].begin, found[-1].end) == (spans.FIRST, spans.LAST)
    assert all(one.end == other.begin for one, other in pairwise(found))
    assert found[0].end == datetime(2001, 1, 1, tzinfo=UTC)
    assert found[1].end == datetime(2001, 5, 1, tzinfo=UTC)


def test_a_span_opens_its_own_months_and_at_most_the_default_partition(happened):
    for number in range(1, 10):
        months.make_month(Month(2001, number))
    happened(at=datetime(2000, 5, 17, tzinfo=UTC))
    before, first, *_ = spans.all_time()
    with watch_locks() as statements:
        assert before.of(AuditEvent.objects.all()).exists()
        assert not first.of(AuditEvent.objects.all()).exists()
    # A table and its two indexes each: the parent and the default one; the parent and three months.
    assert [each.locks for each in statements] == [6, 12]
