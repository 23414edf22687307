"""Second factors and company logins in the audit trail."""

import pytest
from allauth.core import context
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal import auth as totp
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.helpers import complete_social_login, render_authentication_error
from allauth.socialaccount.internal.flows import connect
from allauth.socialaccount.models import SocialAccount
from django.contrib.auth.models import AnonymousUser, User
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.test import Client

from audit.models import AuditEvent
from audit.pseudonyms import digest_of

pytestmark = pytest.mark.django_db(transaction=True)
PASSWORD = "seven green bottles 42"


def events():
    found = AuditEvent.objects.exclude(action__in=["logged in", "logged out", "set a new password"])
    return [(event.action, event.subject, event.actor_name) for event in found.order_by("pk")]


def code_for(secret):
    return totp.format_hotp_value(totp.hotp_value(secret, next(iter(totp.yield_hotp_counters_from_time()))))


@pytest.fixture
def maria():
    return User.objects.create_user("maria", "maria@shop.example", PASSWORD)


@pytest.fixture
def protected(maria):
    """Somebody with an authenticator app and recovery codes."""
    totp.TOTP.activate(maria, totp.generate_totp_secret())
    RecoveryCodes.activate(maria)
    return maria


@pytest.fixture
def entering(protected):
    """Somebody who has entered the password."""
    client = Client(REMOTE_ADDR="192.0.2.7")
    entered = client.post("/accounts/login/", {"login": "maria", "password": PASSWORD})
    assert entered.url == "/accounts/2fa/authenticate/"
    return client


@pytest.fixture
def inside(maria):
    client = Client(REMOTE_ADDR="192.0.2.7")
    client.post("/accounts/login/", {"login": "maria", "password": PASSWORD})
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    return client


# ---- The name that was tried -------------------------------------------------------------------------------


@pytest.mark.parametrize("tried", ["maria", " MARIA ", "Maria@shop.example"])
def test_a_failed_login_says_whose_account_was_tried(maria, client, tried):
    client.post("/accounts/login/", {"login": tried, "password": "wrong"})
    assert events() == [("failed to log in", "maria", "")]


def test_what_nobody_is_called_is_not_written_down_for_it_may_be_a_password(maria, client):
    client.post("/accounts/login/", {"login": PASSWORD, "password": "maria"})
    assert events() == [("failed to log in", digest_of(PASSWORD), "")]


# ---- Second factors ----------------------------------------------------------------------------------------


def test_a_wrong_code_is_recorded(entering):
    entering.post("/accounts/2fa/authenticate/", {"code": "000000"})
    assert events() == [("failed the second factor", "maria", "")]
    assert AuditEvent.objects.first().address == "192.0.2.7"


@pytest.mark.parametrize("credential", ['{"id": "x"}', '{"rawId": 1}', '"nothing"'])
def test_a_security_key_that_is_not_theirs_is_recorded(entering, credential):
    entering.post("/accounts/2fa/authenticate/", {"credential": credential})
    assert events() == [("failed the second factor", "maria", "")]
    assert AuditEvent.objects.first().details == {"kind": "security key"}


def test_a_recovery_code_is_recorded_when_it_is_used(protected, entering):
    codes = Authenticator.objects.get(user=protected, type="recovery_codes").wrap()
    entering.post("/accounts/2fa/authenticate/", {"code": codes.get_unused_codes()[0]})
    assert events() == [("used a recovery code", "maria", "maria")]


def test_setting_up_and_removing_an_authenticator_app_is_recorded(maria, inside):
    page = inside.get("/accounts/2fa/totp/activate/")
    inside.post("/accounts/2fa/totp/activate/", {"code": code_for(page.context["form"].secret)})
    inside.post("/accounts/2fa/recovery-codes/generate/")
    inside.post("/accounts/2fa/totp/deactivate/")
    assert events() == [
        ("set up a second factor", "maria", "maria"),
        ("made recovery codes", "maria", "maria"),
        ("made recovery codes", "maria", "maria"),
        ("removed a second factor", "maria", "maria"),
        ("removed recovery codes", "maria", "maria"),
    ]


# ---- Company logins ----------------------------------------------------------------------------------------


@pytest.fixture
def provider_request(settings, rf):
    """A request that comes back from the company's provider."""
    app = {"provider_id": "company", "name": "company", "client_id": "x", "secret": "x"}
    app["settings"] = {"server_url": "https://login.shop.example"}
    settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"APPS": [app]}}
    request = rf.get("/accounts/oidc/company/login/callback/", REMOTE_ADDR="192.0.2.7")
    for middleware in (SessionMiddleware, MessageMiddleware):
        middleware(lambda request: None).process_request(request)
    request.user = AnonymousUser()
    with context.request_context(request):
        yield request


@pytest.fixture
def come_back(provider_request):
    """Come back from the provider with these claims."""

    def complete(**claims):
        provider = get_adapter().get_provider(provider_request, "company")
        userinfo = {"sub": "4711", "email_verified": True, **claims}
        login = provider.sociallogin_from_response(provider_request, {"userinfo": userinfo})
        return complete_social_login(provider_request, login)

    return complete


def test_the_first_company_login_links_and_is_recorded(maria, come_back):
    come_back(email="maria@shop.example")
    assert events() == [("linked a company login", "maria", "maria")]
    assert AuditEvent.objects.get(action="linked a company login").details == {"identity": "4711"}


def test_a_company_login_of_somebody_who_was_not_invited_is_recorded(come_back):
    come_back(email="eve@elsewhere.example")
    assert events() == [("was refused a login", digest_of("eve@elsewhere.example"), "")]


def test_a_company_login_of_a_disabled_person_is_recorded(maria, come_back):
    maria.is_active = False
    maria.save()
    SocialAccount.objects.create(user=maria, provider="company", uid="4711")
    come_back(email="maria@shop.example")
    assert events() == [("was refused a login", "maria", "")]
    assert AuditEvent.objects.first().details == {"reason": "disabled"}


def test_a_company_login_that_fails_at_the_provider_is_recorded(provider_request):
    provider = get_adapter().get_provider(provider_request, "company")
    error = ValueError("maria@shop.example")
    assert render_authentication_error(provider_request, provider, exception=error).status_code == 401
    assert events() == [("failed the company login", "", "")]
    assert AuditEvent.objects.get().details == {"error": "unknown", "exception": "ValueError"}


def test_unlinking_is_recorded(maria, come_back, provider_request):
    come_back(email="maria@shop.example")
    connect.disconnect(provider_request, SocialAccount.objects.get())
    assert events()[-1] == ("unlinked a company login", "maria", "maria")
