"""Second factors are encrypted in the database, and keys can be exchanged."""

import json
import re
import secrets

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.apps import apps
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client

from audit.models import AuditEvent
from segmenter.accounts import second_factors

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
PASSWORD = "seven green bottles 42"

pytestmark = pytest.mark.django_db


@pytest.fixture
def maria(db):
    return User.objects.create_user("maria", "maria@shop.example", PASSWORD)


def code_of(secret: str) -> str:
    return format_hotp_value(hotp_value(secret, next(yield_hotp_counters_from_time())))


def stored() -> str:
    return json.dumps(list(Authenticator.objects.values_list("data", flat=True)))


def log_in(code: str):
    client = Client(REMOTE_ADDR=f"10.1.{secrets.randbelow(256)}.{secrets.randbelow(256)}")
    answer = client.post("/accounts/login/", {"login": "maria", "password": PASSWORD})
    assert answer.url == "/accounts/2fa/authenticate/"
    return client.post(answer.url, {"code": code})


def test_neither_the_secret_nor_the_codes_can_be_read_in_the_database(maria):
    TOTP.activate(maria, SECRET)
    codes = RecoveryCodes.activate(maria)
    seed = second_factors.decrypt(codes.instance.data["seed"])
    assert len(re.findall("encrypted:", stored())) == 2
    assert SECRET not in stored()
    assert seed not in stored()


def test_login_with_an_encrypted_second_factor(maria):
    TOTP.activate(maria, SECRET)
    assert log_in("000000").status_code == 200
    assert log_in(code_of(SECRET)).url == "/"


def test_second_factors_of_earlier_releases_are_encrypted_by_the_migration(maria):
    Authenticator.objects.create(user=maria, type="totp", data={"secret": SECRET})
    Authenticator.objects.create(user=maria, type="recovery_codes", data={"seed": "ab" * 40, "used_mask": 1})
    __import__("segmenter.migrations.0001_encrypt_second_factors")
    migration = __import__("sys").modules["segmenter.migrations.0001_encrypt_second_factors"]
    migration.encrypt(apps, None)
    assert SECRET not in stored()
    assert "ab" * 40 not in stored()
    assert Authenticator.objects.get(type="recovery_codes").data["used_mask"] == 1
    assert log_in(code_of(SECRET)).url == "/"
    migration.decrypt(apps, None)
    assert Authenticator.objects.get(type="totp").data == {"secret": SECRET}


def test_a_key_is_exchanged_without_anyone_noticing(maria, settings):
    TOTP.activate(maria, SECRET)
    old = settings.SECRET_KEY
    settings.MFA_KEY = ["a new one " * 6]
    call_command("encrypt_second_factors")
    settings.SECRET_KEY = "another one " * 6
    assert log_in(code_of(SECRET)).url == "/"
    settings.MFA_KEY, settings.SECRET_KEY = [], old
    with pytest.raises(second_factors.UnreadableSecondFactor):
        second_factors.decrypt(Authenticator.objects.get().data["secret"])


def test_with_a_lost_key_the_login_says_what_to_do_and_the_command_removes_it(maria, settings):
    TOTP.activate(maria, SECRET)
    settings.SECRET_KEY = "another one " * 6
    answer = log_in(code_of(SECRET))
    assert answer.status_code == 403
    assert "Ask an administrator to remove it" in answer.content.decode()
    with pytest.raises(CommandError, match="of maria is missing"):
        call_command("encrypt_second_factors")
    call_command("encrypt_second_factors", "--remove-unreadable")
    assert not Authenticator.objects.exists()
    assert AuditEvent.objects.filter(action="removed a second factor", subject="maria").exists()


def test_no_key_is_the_secret_key_itself(settings):
    import base64

    from cryptography.fernet import Fernet, InvalidToken

    token = second_factors.encrypt("x").removeprefix(second_factors.MARK)
    raw = base64.urlsafe_b64encode(settings.SECRET_KEY.encode()[:32])
    with pytest.raises(InvalidToken):
        Fernet(raw).decrypt(token)


def test_a_second_factor_tried_too_often_is_locked_with_429(maria):
    TOTP.activate(maria, SECRET)
    client = Client(REMOTE_ADDR="10.2.3.4")
    client.post("/accounts/login/", {"login": "maria", "password": PASSWORD})
    answers = [client.post("/accounts/2fa/authenticate/", {"code": f"{n:06}"}) for n in range(21)]
    assert [answer.status_code for answer in answers] == [200] * 20 + [429]
    assert "Too many" in answers[-1].content.decode()
    assert client.post("/accounts/2fa/authenticate/", {"code": code_of(SECRET)}).status_code == 429
    again = Client()  # logged in elsewhere: the limit is the person's
    again.force_login(maria)
    assert again.post("/accounts/2fa/reauthenticate/", {"code": code_of(SECRET)}).status_code == 429
