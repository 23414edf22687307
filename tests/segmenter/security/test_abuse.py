"""Attempts to do what one's role does not allow, and to make the site do what it should not."""

import json
import logging
import re
from collections.abc import Callable

import pytest
from django.contrib.auth.models import Group, User
from django.db import connection, transaction
from django.db.utils import ProgrammingError
from django.test import Client
from django.urls import reverse

from audit.models import AuditEvent
from segmentation.models import Segment, SegmentationRun
from segmenter.log_format import OneLineFormatter
from segmenter.pages import home

pytestmark = pytest.mark.django_db(transaction=True)
EVIL = '"><script>alert(1)</script>'


# ---- Roles -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        "/datasets/no-such/",
        "/datasets/no-such/customers/",
        "/runs/999999/",
        "/runs/999999/delete/",
        "/runs/999999/segments/1/",
        "/runs/999999/segments/1/export/",
        "/runs/999999/segments/1/export.csv",
        "/datasets/no-such/customers/export/",
        "/datasets/no-such/customers/export.xlsx",
        "/exports/999999/",
        "/exports/999999/download/",
        "/runs/999999/charts/elbow.svg",
        "/imports/999999/",
        "/imports/999999/rejected.csv",
        "/segmentations/999999/",
        "/people/999999/",
        "/jobs/999999/",
    ],
)
def test_walking_through_ids_finds_nothing(administrator_client, path):
    assert administrator_client.get(path).status_code == 404


def test_a_link_is_useless_after_the_role_was_removed(analyst, analyst_client, world):
    export = reverse("segmentation:segment-file", args=[world.run.pk, 1, "csv"])
    answer = analyst_client.get(export)
    assert (answer.status_code, len(b"".join(answer.streaming_content)) > 0) == (200, True)
    analyst.groups.set(Group.objects.filter(name="Viewer"))
    assert analyst_client.get(export).status_code == 403


def test_somebody_elses_link_opens_nothing_for_a_lesser_role(viewer_client, world):
    links = [
        reverse("segmentation:segment-export", args=[world.run.pk, 1]),
        reverse("customers:import-rejects", args=[world.dataset.current_version_id]),
    ]
    assert [viewer_client.get(link).status_code for link in links] == [403, 403]


def test_more_fields_than_the_form_has_change_nothing(viewer, administrator_client):
    fields = {"username": "eve", "role": "Viewer", "is_staff": "1", "is_superuser": "1", "password": "x"}
    administrator_client.post(reverse("people:person-invite"), fields)
    eve = User.objects.get(username="eve")
    assert (eve.is_staff, eve.is_superuser, eve.has_usable_password()) == (False, False, False)
    assert [group.name for group in eve.groups.all()] == ["Viewer"]


def test_nobody_changes_their_own_role(administrator, administrator_client):
    answer = administrator_client.post(
        reverse("people:person-role", args=[administrator.pk]), {"role": "Viewer"}
    )
    assert answer.status_code == 403


def test_a_form_from_elsewhere_is_refused(analyst, world):
    client = Client(enforce_csrf_checks=True)
    client.force_login(analyst)
    rename = reverse("segmentation:segment-rename", args=[world.run.pk, 1])
    assert client.post(rename, {"name": "Mine"}).status_code == 403
    client.get(reverse("segmentation:segment-detail", args=[world.run.pk, 1]))
    token = client.cookies["csrftoken"].value
    fields = {"name": "Mine", "csrfmiddlewaretoken": token}
    assert client.post(rename, fields, headers={"origin": "https://evil.example"}).status_code == 403
    assert client.post(rename, fields).status_code == 302


@pytest.mark.parametrize(
    "path",
    ["/admin/", "/media/x.csv", "/uploads/x", "/.env", "/.git/config", "/static/../manage.py", "/metrics"],
)
def test_private_files_are_not_served(client, path):
    assert client.get(path).status_code == 404


# ---- User input --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "query", ["sort=password", "sort=;DROP", "filter=owner__password__startswith", "x=1"]
)
@pytest.mark.parametrize("path", ["/runs/", "/people/", "/audit/"])
def test_lists_refuse_unknown_parameters(administrator_client, path, query):
    assert administrator_client.get(f"{path}?{query}").status_code == 400


@pytest.mark.parametrize("page", ["-1", "1e9", "abc", "999999"])
def test_an_invalid_page_number_is_no_error(administrator_client, page):
    assert administrator_client.get("/people/", {"page": page}).status_code == 200


def test_a_chart_opened_by_itself_is_a_file_that_loads_and_runs_nothing(viewer_client, world):
    answer = viewer_client.get(reverse("segmentation:chart", args=[world.run.pk, "scatter", "svg"]))
    policy = answer["Content-Security-Policy"]
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in policy
    assert "script-src 'none'" in policy


def test_an_export_opened_by_itself_is_a_file_that_loads_and_runs_nothing(analyst_client, world):
    answer = analyst_client.get(reverse("segmentation:segment-file", args=[world.run.pk, 1, "csv"]))
    answer.close()
    assert answer["Content-Disposition"].startswith("attachment")
    assert "default-src 'none'" in answer["Content-Security-Policy"]


@pytest.mark.parametrize("query", [f"theme={EVIL}", f"width={EVIL}", "theme=url(//evil)", "x=url(1)"])
def test_colours_and_sizes_in_a_url_do_not_reach_a_chart(viewer_client, world, query):
    plain = viewer_client.get(reverse("segmentation:chart", args=[world.run.pk, "elbow", "svg"]))
    asked = viewer_client.get(
        reverse("segmentation:chart", args=[world.run.pk, "elbow", "svg"]) + f"?{query}"
    )
    assert asked.content == plain.content


def test_user_input_neither_ends_nor_starts_a_script(viewer_client, world):
    segment = Segment.objects.filter(clusters__run=world.run, clusters__number=1)
    segment.update(name="</script><script>alert(1)</script>")
    for path in ("/", world.run.get_absolute_url(), world.run.clusters.first().get_absolute_url()):
        page = viewer_client.get(path).content.decode()
        assert "alert(1)" in page, path
        assert re.findall(r"<script(?! src=)", page) == [], path


def test_template_syntax_in_user_input_stays_text(viewer_client, world):
    Segment.objects.filter(clusters__run=world.run, clusters__number=1).update(
        name="{{ 7 * 7 }}{% now 'Y' %}"
    )
    page = viewer_client.get(reverse("segmentation:segment-detail", args=[world.run.pk, 1])).content.decode()
    assert "{{ 7 * 7 }}{% now &#x27;Y&#x27; %}" in page


def test_a_line_break_in_a_name_does_not_forge_a_log_line():
    record = logging.LogRecord(
        "x", logging.INFO, "", 0, "for %s", ("maria\r\n2026 INFO root: deleted",), None
    )
    assert len(OneLineFormatter().format(record).splitlines()) == 1


def test_production_writes_one_json_object_a_line(in_production):
    said = in_production(
        "import logging, io, contextlib\n"
        "stream = io.StringIO(); handler = logging.getLogger().handlers[0]; handler.setStream(stream)\n"
        "logging.getLogger('x').error('for %s', 'maria\\r\\nroot: deleted')\n"
        "print(json.dumps(stream.getvalue()))"
    )
    assert json.loads(said)["event"] == "for maria\r\nroot: deleted"
    assert said.count("\n") == 1


# ---- The edges of the site ---------------------------------------------------------------------------------


def test_an_unknown_host_is_refused(client):
    assert client.get("/accounts/login/", headers={"host": "evil.example"}).status_code == 400


def test_a_forwarded_host_reaches_no_link(administrator_client):
    fields = {"username": "eve", "role": "Viewer"}
    headers = {"x-forwarded-host": "evil.example"}
    page = administrator_client.post(
        reverse("people:person-invite"), fields, headers=headers
    ).content.decode()
    assert "http://testserver/accounts/password/reset/key/" in page
    assert "evil.example" not in page


def test_an_error_page_reveals_nothing_internal(viewer, monkeypatch):
    def fail(*args):
        raise RuntimeError("SELECT secret FROM customers WHERE name = 'Maria'")

    monkeypatch.setattr(home, "find_next_steps", fail)
    client = Client(raise_request_exception=False)
    client.force_login(viewer)
    answer = client.get("/")
    assert answer.status_code == 500
    assert b"Something went wrong" in answer.content
    assert not any(word in answer.content for word in (b"SELECT", b"Maria", b"Traceback", b"home.py"))


def test_charts_are_revalidated_and_not_cached_by_proxies(viewer_client, world):
    answer = viewer_client.get(reverse("segmentation:chart", args=[world.run.pk, "scatter", "svg"]))
    assert {"private", "no-cache"} <= set(answer["Cache-Control"].split(", "))


def test_no_page_may_be_framed_or_run_inline_scripts(viewer_client, client):
    for answer in (viewer_client.get("/"), client.get("/accounts/login/"), client.get("/nothing")):
        policy = answer["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in policy
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer["X-Frame-Options"] == "DENY"


def test_production_insists_on_encryption_for_a_year(in_production):
    headers = in_production("print(json.dumps(dict(client.get('/accounts/login/').headers)))")
    assert int(headers["Strict-Transport-Security"].partition("max-age=")[2].partition(";")[0]) >= 31_536_000
    plain = in_production(
        "print(json.dumps(client.get('/', HTTP_X_FORWARDED_PROTO='http').headers['Location']))"
    )
    assert plain == "https://segments.example/"


# ---- The audit trail ---------------------------------------------------------------------------------------


def actions() -> list[str]:
    return list(AuditEvent.objects.order_by("pk").values_list("action", flat=True))


@pytest.fixture
def actions_since(world) -> Callable[[], list[str]]:
    """The events recorded since the fixture `world`, which includes an export."""
    begun = len(actions())
    return lambda: actions()[begun:]


def test_a_failed_login_is_recorded(from_address):
    User.objects.create_user("maria")
    client = from_address("192.0.2.7")
    client.post("/accounts/login/", {"login": "maria", "password": "wrong"})
    event = AuditEvent.objects.get()
    assert (event.action, event.subject, event.address) == ("failed to log in", "maria", "192.0.2.7")


def test_an_export_is_recorded_with_who_what_rows_and_digest(analyst_client, world, actions_since):
    answer = analyst_client.get(reverse("segmentation:segment-file", args=[world.run.pk, 1, "csv"]))
    rows = b"".join(answer.streaming_content).count(b"\r\n") - 1
    assert actions_since() == ["began an export", "exported"]
    ended = AuditEvent.objects.latest("pk")
    assert (ended.actor_name, ended.details["rows"]) == ("analyst", rows)
    assert len(ended.details["sha256"]) == 64


def test_renaming_roles_and_deletions_are_recorded(administrator_client, viewer, world, actions_since):
    run = world.run
    administrator_client.post(reverse("segmentation:segment-rename", args=[run.pk, 1]), {"name": "Regulars"})
    administrator_client.post(reverse("people:person-role", args=[viewer.pk]), {"role": "Analyst"})
    administrator_client.post(reverse("segmentation:run-delete", args=[run.pk]))
    assert actions_since() == ["changed a segment", "changed a role", "deleted a run"]
    assert not SegmentationRun.objects.exists()


@pytest.mark.parametrize(
    "statement", ["UPDATE audit_auditevent SET actor_name = 'x'", "DELETE FROM audit_auditevent"]
)
def test_the_audit_trail_cannot_be_edited_whoever_tries(from_address, statement):
    from_address().post("/accounts/login/", {"login": "maria", "password": "wrong"})
    with (
        pytest.raises(ProgrammingError, match="only added to"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
    assert actions() == ["failed to log in"]


def test_the_audit_trail_cannot_be_emptied_at_once_either(from_address):
    from_address().post("/accounts/login/", {"login": "maria", "password": "wrong"})
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE audit_auditevent ENABLE TRIGGER audit_refuse_emptying")  # see conftest.py
        with pytest.raises(ProgrammingError, match="only added to"), transaction.atomic():
            cursor.execute("TRUNCATE audit_auditevent")
        transaction.set_rollback(True)
    assert actions() == ["failed to log in"]


def test_deleting_a_dataset_and_admitting_or_removing_people_are_recorded(
    administrator_client, viewer, world, actions_since
):
    people = {"activity": {"active": "no"}, "reset": {}, "forget-factor": {}}
    for name, fields in people.items():
        administrator_client.post(reverse(f"people:person-{name}", args=[viewer.pk]), fields)
    administrator_client.post(reverse("people:person-invite"), {"username": "eve", "role": "Analyst"})
    gone = reverse("segmentation:dataset-delete", args=[world.dataset.slug])
    administrator_client.post(gone, {"name": world.dataset.name})
    assert actions_since() == [
        "disabled a person",
        "reset a password",
        "removed a second factor",
        "invited a person",
        "deleted a dataset",
    ]
