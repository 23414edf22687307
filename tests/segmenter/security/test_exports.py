"""Attempts to export without permission, to export harmful files, and to leave no trace."""

import hashlib
from datetime import timedelta

import pytest
from celery import current_app
from django.contrib.auth.models import Group, User
from django.db.models.functions import Now
from django.test import Client
from django.urls import reverse

from audit.models import AuditEvent
from customers.models import Customer
from jobs.models import Job
from jobs.worker.execution import execute
from segmentation.exports.background import execute_export, path_of
from segmentation.models import CustomerExport, Segment

pytestmark = pytest.mark.django_db(transaction=True)


def download(export) -> str:
    return reverse("segmentation:export-download", args=[export.pk])


def status(client, address) -> int:
    answer = client.get(address)
    answer.close()
    return answer.status_code


def body(answer) -> bytes:
    content = b"".join(answer.streaming_content)
    answer.close()
    return content


@pytest.fixture
def colleague(analyst) -> Client:
    """Another analyst, who may also export."""
    user = User.objects.create_user("colleague")
    user.groups.set(analyst.groups.all())
    client = Client()
    client.force_login(user)
    return client


# ---- Whose file it is --------------------------------------------------------------------------------------


def test_an_export_is_for_its_owner_and_administrators(
    analyst_client, administrator_client, viewer_client, colleague, world
):
    others = {"colleague": colleague, "viewer": viewer_client, "nobody": Client()}
    clients = {"owner": analyst_client, "administrator": administrator_client, **others}
    for address in (download(world.export), world.export.get_absolute_url()):
        found = [status(client, address) for client in clients.values()]
        assert dict(zip(clients, found, strict=True)) == {
            "owner": 200,
            "administrator": 200,
            "colleague": 403,
            "viewer": 403,
            "nobody": 302,
        }
    assert "Only the person who requested an export" in colleague.get(download(world.export)).content.decode()


def test_retrying_somebody_elses_failed_export_does_not_give_access(colleague, world):
    failed = {"state": "failed", "failure": "memory", "error": "Too much."}
    Job.objects.filter(pk=world.export.job_id).update(**failed)
    colleague.post(reverse("jobs:job-retry", args=[world.export.job_id]))
    assert Job.objects.get(pk=world.export.job_id).state == "queued"
    assert colleague.get(world.export.get_absolute_url()).status_code == 403


def test_a_prepared_file_is_useless_after_the_role_was_removed(analyst, analyst_client, world):
    assert len(body(analyst_client.get(download(world.export)))) == world.export.size
    analyst.groups.set(Group.objects.filter(name="Viewer"))
    assert analyst_client.get(download(world.export)).status_code == 403


def test_a_link_expires_on_time_even_without_a_cleanup(analyst_client, world):
    CustomerExport.objects.update(expires_at=Now() - timedelta(seconds=1))
    answer = analyst_client.get(download(world.export), follow=True)
    assert "No longer kept" in answer.content.decode()
    assert path_of(world.export.file_id).exists()


def test_exports_are_only_started_by_a_post_with_a_csrf_token(analyst, world, settings):
    settings.EXPORT_BACKGROUND_ROWS = 5
    client = Client(enforce_csrf_checks=True)
    client.force_login(analyst)
    page = reverse("segmentation:segment-export", args=[world.run.pk, 1])
    before = CustomerExport.objects.count()
    assert status(client, page) == 200
    assert status(client, f"{page[:-1]}.csv") == 302
    assert client.post(page, {"format": "csv", "columns": ["id"]}).status_code == 403
    assert CustomerExport.objects.count() == before


def test_the_eleventh_simultaneous_job_is_refused_with_a_sentence(analyst_client, world, settings):
    settings.EXPORT_BACKGROUND_ROWS = 5
    page = reverse("segmentation:segment-export", args=[world.run.pk, 1])
    keys = [key for key, _ in analyst_client.get(page).context["form"].fields["columns"].choices]
    chosen = [[*keys[:count], ending] for count in range(1, len(keys)) for ending in ("csv", "xlsx")]
    settings.JOB_MAX_ACTIVE_PER_USER = len(chosen) - 1
    answers = [analyst_client.post(page, {"format": row[-1], "columns": row[:-1]}) for row in chosen]
    assert [answer.status_code for answer in answers] == [302] * (len(chosen) - 1) + [429]
    assert "wait until one has finished" in answers[-1].content.decode()


# ---- What a file is called, and how it is sent -------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "called"),
    [
        ('a"; filename="evil.exe', 'filename="a filename= evil.exe run {run}.csv"'),
        ("a\r\nSet-Cookie: x=1", 'filename="a Set-Cookie x=1 run {run}.csv"'),
        ("Ünï 学", "filename*=utf-8''%C3%9Cn%C3%AF%20%E5%AD%A6%20run%20{run}.csv"),
        ("cod\u202efdp.exe", 'filename="codfdp.exe run {run}.csv"'),
        ("../../etc/passwd", 'filename="etc passwd run {run}.csv"'),
        ("\x01", 'filename="run {run}.csv"'),
    ],
)
def test_any_name_makes_a_harmless_file_name(analyst_client, world, name, called):
    Segment.objects.filter(clusters__run=world.run, clusters__number=1).update(
        name=name.replace("\0", "\x01")
    )
    answer = analyst_client.get(reverse("segmentation:segment-file", args=[world.run.pk, 1, "csv"]))
    answer.close()
    assert answer["Content-Disposition"] == f"attachment; {called.format(run=world.run.pk)}"
    assert "Set-Cookie" not in answer.headers


def test_every_file_is_downloaded_and_never_run(analyst_client, world):
    addresses = [
        download(world.export),
        reverse("customers:import-rejects", args=[world.dataset.current_version_id]),
        *(reverse("segmentation:segment-file", args=[world.run.pk, 1, ending]) for ending in ("csv", "xlsx")),
        *(
            reverse("segmentation:customers-file", args=[world.dataset.slug, ending])
            for ending in ("csv", "xlsx")
        ),
    ]
    for address in addresses:
        answer = analyst_client.get(address)
        answer.close()
        assert answer.status_code == 200, address
        assert answer["Content-Disposition"].startswith("attachment"), address
        assert answer["X-Content-Type-Options"] == "nosniff", address
        assert "script-src 'none'" in answer["Content-Security-Policy"], address
        assert "no-store" in answer["Cache-Control"], address


@pytest.mark.parametrize(
    "rest",
    [
        "../download/",
        "..%2f..%2fsecret_key",
        "%2e%2e/",
        "1/../../secret_key",
        "1e1/download/",
        "-1/download/",
    ],
)
@pytest.mark.parametrize("folder", ["/exports/", "/datasets/shop/customers/export.csv/", "/imports/"])
def test_no_path_leads_to_another_file(administrator_client, world, folder, rest):
    assert administrator_client.get(folder + rest).status_code == 404


@pytest.mark.parametrize("query", ["column=password", "column=id&column=a1' OR 1=1", "column="])
def test_unknown_columns_are_refused(analyst_client, world, query):
    address = reverse("segmentation:segment-file", args=[world.run.pk, 1, "csv"])
    assert analyst_client.get(f"{address}?{query}").status_code == 400


# ---- Traces ------------------------------------------------------------------------------------------------


def test_every_kind_of_export_is_recorded_with_who_what_rows_and_digest(analyst_client, world, settings):
    for ending in ("csv", "xlsx"):
        answer = analyst_client.get(reverse("segmentation:segment-file", args=[world.run.pk, 1, ending]))
        digest = hashlib.sha256(body(answer)).hexdigest()
        said = AuditEvent.objects.first()
        assert (said.action, said.actor_name) == ("exported", "analyst")
        assert said.subject.endswith(f"of run {world.run.pk}")
        assert said.details["rows"] == world.run.clusters.get(number=1).size
        assert said.details["sha256"] == digest
        assert (said.details["selection"], said.details["format"]) == ("all customers", ending)
        assert said.details["columns"] == "Customer ID, Income, Score, Segment, Distance, Margin"


def test_an_aborted_export_is_recorded_as_such(analyst_client, world):
    answer = analyst_client.get(reverse("segmentation:customers-file", args=[world.dataset.slug, "csv"]))
    next(iter(answer.streaming_content))
    answer.close()
    assert AuditEvent.objects.first().action == "broke off an export"


def test_a_prepared_export_and_each_download_are_recorded(
    analyst, analyst_client, administrator_client, world
):
    digest = hashlib.sha256(path_of(world.export.file_id).read_bytes()).hexdigest()
    body(analyst_client.get(download(world.export)))
    body(administrator_client.get(download(world.export)))
    events = AuditEvent.objects.filter(details__sha256=digest).order_by("pk")
    assert list(events.values_list("action", "actor_name")) == [
        ("exported", "analyst"),
        ("took an export along", "analyst"),
        ("took an export along", "administrator"),
    ]


def test_a_head_request_exports_nothing(analyst_client, world):
    before = AuditEvent.objects.count()
    for address in (
        download(world.export),
        reverse("segmentation:segment-file", args=[world.run.pk, 1, "csv"]),
    ):
        assert analyst_client.head(address)["Content-Disposition"].startswith("attachment")
    assert AuditEvent.objects.count() == before


# ---- What must not leak elsewhere --------------------------------------------------------------------------


def test_no_customer_data_is_in_tasks_logs_or_jobs(analyst_client, world, settings, caplog, monkeypatch):
    settings.EXPORT_BACKGROUND_ROWS = 5
    secret = "maria.secret@example.org"
    customers = Customer.objects.filter(version=world.dataset.current_version_id)
    customers.filter(id=world.customer.id).update(customer_id=secret)
    sent = []
    monkeypatch.setattr(current_app, "send_task", lambda *said, **more: sent.append((said, more)))
    page = reverse("segmentation:customers-export", args=[world.dataset.slug])
    with caplog.at_level("DEBUG"):
        answer = analyst_client.post(page, {"format": "csv", "columns": ["id"]})
        export = CustomerExport.objects.first()
        execute(export.job_id, execute_export)
        file = body(analyst_client.get(download(export)))
    assert secret.encode() in file
    job = Job.objects.values().get(pk=export.job_id)
    assert [more["args"] for _, more in sent] == [[export.job_id]]
    assert answer["Location"] == export.get_absolute_url()
    for place in (caplog.text, str(job), str(sent), answer["Location"]):
        assert secret not in place
