"""People are invited, given a role, disabled and enabled again."""

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.urls import reverse

from audit.models import AuditEvent
from segmenter.accounts.people import role_of

pytestmark = pytest.mark.django_db
PASSWORD = "seven green bottles 42"


def invite(client, **fields):
    return client.post(reverse("people:person-invite"), {"username": "maria", "role": "Viewer", **fields})


def test_an_invitation_leads_in(administrator_client, viewer, client):
    page = invite(administrator_client)
    path = page.context["link"].partition("testserver")[2]
    form = client.get(path, follow=True)
    client.post(form.request["PATH_INFO"], {"password1": PASSWORD, "password2": PASSWORD})
    client.post("/accounts/login/", {"login": "maria", "password": PASSWORD})
    assert client.get("/").status_code == 200
    assert role_of(User.objects.get(username="maria")) == "Viewer"


def test_a_link_works_once(administrator_client, viewer, client):
    path = invite(administrator_client).context["link"].partition("testserver")[2]
    form = client.get(path, follow=True)
    client.post(form.request["PATH_INFO"], {"password1": PASSWORD, "password2": PASSWORD})
    client.logout()
    assert "no longer works" in client.get(path, follow=True).content.decode()


def test_with_mail_set_up_the_link_is_sent(administrator_client, viewer, settings):
    settings.EMAIL_URL = "smtp://mail.example"
    page = invite(administrator_client, email="Maria@shop.example")
    assert page.context["link"] in mail.outbox[0].body
    assert mail.outbox[0].to == ["maria@shop.example"]


def test_a_taken_name_is_asked_for_again(administrator_client, viewer):
    page = invite(administrator_client, username="Viewer")
    assert "This name is already taken." in page.content.decode()


def test_changing_a_role_is_recorded(administrator_client, viewer):
    administrator_client.post(reverse("people:person-role", args=[viewer.pk]), {"role": "Administrator"})
    assert role_of(User.objects.get(pk=viewer.pk)) == "Administrator"
    assert AuditEvent.objects.get().details == {"before": "Viewer", "after": "Administrator"}


def test_the_list_says_who_is_who(administrator_client, viewer):
    page = administrator_client.get(reverse("people:person-list")).content.decode()
    assert "administrator" in page
    assert "Viewer" in page


def test_the_audit_trail_shows_details_in_words(administrator_client):
    details = {"features": ["Income", "Score"], "k": None, "rows": 3, "sha256": "ab" * 32, "note": "<b>"}
    event = AuditEvent.objects.create(action="exported", details=details)
    told = [("features", "Income, Score"), ("rows", "3"), ("sha256", "ab" * 32), ("note", "<b>")]
    assert event.details_in_words == told
    page = administrator_client.get("/audit/").content.decode()
    assert "Income, Score" in page
    assert "None" not in page
    assert "&lt;b&gt;" in page
