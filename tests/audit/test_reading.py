"""Reading customers in bulk is recorded, and limited for those who may not export."""

import secrets

import pytest

from audit import reading
from audit.models import AuditEvent
from audit.reading import TooMuchRead, count_shown
from segmenter.embedded import servers

pytestmark = pytest.mark.django_db
NOW = 1_800_000_300


@pytest.fixture
def show(rf, viewer):
    """Show a person so many customers of a list, a viewer's by default."""

    def show_customers(number, subject="customers of Shop", user=viewer, method="GET"):
        request = rf.generic(method, "/", REMOTE_ADDR="192.0.2.7")
        request.user = user
        count_shown(request, subject, number)

    return show_customers


@pytest.fixture(autouse=True)
def counters_begin_anew(settings, monkeypatch):
    """The cache is shared by the whole run; and no test runs across the end of a quarter of an hour."""
    if settings.EMBEDDED_BROKER:  # the database may be another one
        servers.ensure_running(settings.DATA_DIR)
    default = {**settings.CACHES["default"], "KEY_PREFIX": secrets.token_hex(8)}
    settings.CACHES = {**settings.CACHES, "default": default}
    monkeypatch.setattr(reading, "_now", lambda: NOW)


def events():
    return [(event.action, event.details) for event in AuditEvent.objects.order_by("pk")]


def test_few_customers_are_not_recorded(show):
    for _ in range(19):
        show(50)
    assert events() == []


def test_many_are_recorded_once_and_again_when_they_have_doubled(show):
    for _ in range(41):
        show(100)
    seen = [details["customers"] for action, details in events() if action == "was shown many customers"]
    assert seen == [1000, 2000, 4000]
    event = AuditEvent.objects.latest("pk")
    assert (event.actor_name, event.subject, event.address) == ("viewer", "customers of Shop", "192.0.2.7")


def test_each_list_and_each_person_counts_for_itself(show, analyst):
    show(600)
    show(600, "Savers of run 7")
    show(600, user=analyst)
    assert events() == []


def test_in_the_next_quarter_of_an_hour_counting_begins_anew(show, monkeypatch):
    show(600)
    monkeypatch.setattr(reading, "_now", lambda: NOW + reading.QUARTER)
    show(600)
    assert events() == []


def test_a_viewer_reaches_the_limit_of_the_hour_whatever_the_list(show, settings):
    settings.BULK_READ_LIMIT = 500
    show(300)
    show(200, "another list")
    for _ in range(3):
        with pytest.raises(TooMuchRead) as refused:
            show(1)
    assert (refused.value.limit, refused.value.seconds) == (500, 3300)
    assert events() == [("was refused more customers", {"limit": 500, "within": "an hour"})]


def test_in_the_next_hour_a_viewer_may_go_on(show, settings, monkeypatch):
    settings.BULK_READ_LIMIT = 500
    with pytest.raises(TooMuchRead):
        show(501)
    monkeypatch.setattr(reading, "_now", lambda: NOW + reading.HOUR)
    show(500)


def test_who_may_export_is_recorded_but_not_limited(show, analyst, settings):
    settings.BULK_READ_LIMIT = 500
    show(1500, user=analyst)
    assert events() == [("was shown many customers", {"customers": 1500, "within": "15 minutes"})]


def test_the_limit_can_be_switched_off(show, settings):
    settings.BULK_READ_LIMIT = 0
    show(1_000_000)
    assert [action for action, _ in events()] == ["was shown many customers"]


def test_nothing_shown_is_nothing_counted(show, settings):
    settings.BULK_READ_LIMIT = 1
    show(0)
    show(5, method="HEAD")
    assert events() == []


def test_counting_costs_no_query(show, viewer, django_assert_num_queries):
    viewer.has_perm("segmenter.export_segment")
    with django_assert_num_queries(0):
        show(200)


def test_without_the_cache_people_go_on_and_the_log_says_so(show, settings, caplog):
    settings.BULK_READ_LIMIT = 1
    away = {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1"}
    settings.CACHES = {"default": away}
    show(5_000)
    assert "customers shown are not counted" in caplog.text
    assert events() == []
