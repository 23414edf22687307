"""Attempts to log in without permission, or to stay logged in for too long."""

import socket
import time

import pytest
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.contrib.auth.models import User
from django.urls import reverse

from audit.models import AuditEvent
from segmenter.accounts import people

LOGIN = "/accounts/login/"
PASSWORD = "seven green bottles 42"

pytestmark = pytest.mark.django_db


@pytest.fixture
def maria(db):
    return User.objects.create_user("maria", "maria@shop.example", PASSWORD)


def log_in(client, login="maria", password=PASSWORD, **headers):
    return client.post(LOGIN, {"login": login, "password": password}, headers=headers)


@pytest.mark.parametrize("login", ["maria", "MARIA", "maria@shop.example"])
def test_login_works_with_name_or_email_and_password(from_address, maria, login):
    assert log_in(from_address(), login).url == "/"


def test_the_21st_wrong_password_for_an_account_in_a_day_is_refused(from_address, maria):
    answers = [log_in(from_address(), password="wrong").status_code for _ in range(21)]
    assert answers == [200] * 20 + [429]
    assert log_in(from_address()).status_code == 429  # the right one too, until the end of the day


def test_the_21st_wrong_password_from_an_address_in_an_hour_is_refused(from_address, db):
    client = from_address()
    answers = [log_in(client, f"somebody{number}", "wrong").status_code for number in range(21)]
    assert answers == [200] * 20 + [429]


def test_a_forged_forwarding_header_resets_no_limit(from_address, db):
    client = from_address()
    forged = [{"x-forwarded-for": f"192.0.2.{number}", "x-real-ip": "192.0.2.1"} for number in range(21)]
    answers = [log_in(client, f"someone{number}", "wrong", **forged[number]) for number in range(21)]
    assert answers[-1].status_code == 429


def test_behind_a_trusted_proxy_only_its_header_counts(from_address, db, settings):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    client = from_address()
    forwarded = [f"192.0.2.{number}, 198.51.100.7" for number in range(21)]  # the last entry is the proxy's
    answers = [
        log_in(client, f"anybody{number}", "wrong", **{"x-forwarded-for": forwarded[number]})
        for number in range(21)
    ]
    assert [answer.status_code for answer in answers] == [200] * 20 + [429]
    assert set(AuditEvent.objects.values_list("address", flat=True)) == {"198.51.100.7"}


def test_unknown_and_known_names_get_the_same_answer(from_address, maria):
    pages = []
    for name in ("maria", "mario"):
        page = log_in(from_address(), name, "wrong").content.decode()
        pages.append(
            [line for line in page.replace(name, "").splitlines() if "csrfmiddlewaretoken" not in line]
        )
    assert pages[0] == pages[1]


def test_unknown_and_known_names_take_the_same_work(from_address, maria, monkeypatch):
    work = []
    for name in ("encode", "verify"):
        real = getattr(Argon2PasswordHasher, name)
        counted = lambda self, *args, real=real: (work.append(1), real(self, *args))[1]  # noqa: E731
        monkeypatch.setattr(Argon2PasswordHasher, name, counted)
    log_in(from_address(), "maria", "wrong")
    known = len(work)
    log_in(from_address(), "mario", "wrong")
    assert known == len(work) - known == 1


def test_the_session_key_changes_at_login(from_address, maria):
    client = from_address()
    session = client.session
    session["planted"] = True
    session.save()
    planted = session.session_key
    log_in(client)
    assert client.session.session_key != planted


def test_the_cookie_is_useless_after_logout(from_address, maria):
    client, thief = from_address(), from_address()
    log_in(client)
    thief.cookies["sessionid"] = client.cookies["sessionid"].value
    assert thief.get("/").status_code == 200
    client.post("/accounts/logout/")
    assert LOGIN in thief.get("/").url


def test_a_disabled_person_is_logged_out_at_the_next_click(administrator_client, viewer, viewer_client):
    administrator_client.post(reverse("people:person-activity", args=[viewer.pk]), {"active": "no"})
    assert LOGIN in viewer_client.get("/").url


def test_a_new_password_ends_every_other_login(from_address, maria):
    client = from_address()
    log_in(client)
    maria.set_password("another long one 77")
    maria.save()
    assert LOGIN in client.get("/").url


def test_half_an_hour_idle_ends_the_session(viewer_client):
    assert viewer_client.get("/").status_code == 200
    session = viewer_client.session
    session["seen_at"] = time.time() - 1801
    session.save()
    page = viewer_client.get("/", follow=True)
    assert "after a period of inactivity" in page.content.decode()


def test_twelve_hours_end_the_session_however_busy(viewer_client):
    viewer_client.get("/")
    session = viewer_client.session
    session["began_at"] = time.time() - 12 * 3600 - 1
    session.save()
    assert LOGIN in viewer_client.get("/").url


def test_a_self_refreshing_page_does_not_extend_the_session(viewer_client):
    viewer_client.get("/")
    session = viewer_client.session
    session["seen_at"] = seen = int(time.time()) - 600
    session.save()
    viewer_client.get("/", headers={"HX-Request": "true"})
    assert viewer_client.session["seen_at"] == seen
    viewer_client.get("/")
    assert viewer_client.session["seen_at"] > seen


@pytest.mark.parametrize("password", ["password123", "maria@shop.exam", "12345678901234", "short1"])
def test_a_password_that_is_easily_guessed_is_refused(from_address, maria, rf, password):
    client = from_address()
    path = people.entry_link(rf.get("/"), maria).partition("testserver")[2]
    form = client.get(path, follow=True)
    page = client.post(form.request["PATH_INFO"], {"password1": password, "password2": password})
    assert "errorlist" in page.content.decode() or "invalid-feedback" in page.content.decode()
    assert log_in(from_address()).url == "/"


@pytest.mark.parametrize(
    "evil", ["//evil.example", "https://evil.example/", "/\\evil.example", "javascript:0"]
)
def test_the_login_does_not_redirect_to_other_sites(from_address, maria, evil):
    answer = from_address().post(LOGIN, {"login": "maria", "password": PASSWORD, "next": evil})
    assert answer.url == "/"


@pytest.mark.parametrize("is_there", [False, True])
def test_without_its_cache_the_site_refuses_logins_and_says_so(from_address, maria, settings, is_there):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1] if is_there else 1
        address = f"redis://127.0.0.1:{port}/0?socket_timeout=0.2"
        default = {**settings.CACHES["default"], "LOCATION": address}
        settings.CACHES = {**settings.CACHES, "default": default}
        answer = log_in(from_address())
    assert answer.status_code == 503
    assert "Temporarily unavailable" in answer.content.decode()


def test_nobody_signs_up(client, db):
    page = client.post("/accounts/signup/", {"username": "eve", "password1": PASSWORD, "password2": PASSWORD})
    assert "by invitation" in page.content.decode()
    assert not User.objects.filter(username="eve").exists()


def test_cookies_are_limited_to_this_host_and_https(in_production, transactional_db):
    User.objects.create_user("maria", password=PASSWORD)
    cookies = in_production(
        "client.get('/accounts/login/')\n"
        f"client.post('/accounts/login/', {{'login': 'maria', 'password': {PASSWORD!r}}})\n"
        "print(json.dumps({name: cookie.OutputString() for name, cookie in client.cookies.items()}))"
    )
    assert set(cookies) >= {"__Host-sessionid", "__Host-csrftoken"}
    for cookie in cookies.values():
        assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))
        assert "Domain" not in cookie
