"""What allauth tells of second factors and company logins, for the audit trail."""

from __future__ import annotations

from typing import Any

from allauth.mfa import signals as factors
from allauth.mfa.models import Authenticator
from allauth.socialaccount import signals as identities
from allauth.socialaccount.models import SocialAccount, SocialLogin
from django.contrib.auth.models import User
from django.db.models import Q
from django.http import HttpRequest

from audit.pseudonyms import digest_of
from audit.recording import record

RECOVERY_CODES = Authenticator.Type.RECOVERY_CODES
KINDS = {Authenticator.Type.TOTP: "authenticator app", Authenticator.Type.WEBAUTHN: "security key"}


def listen() -> None:
    """Connect to allauth's signals, once, when the site is ready."""
    factors.authentication_failed.connect(_factor_failed)
    factors.authenticator_added.connect(_factor_added)
    factors.authenticator_removed.connect(_factor_removed)
    factors.authenticator_reset.connect(_factor_added)
    factors.authenticator_used.connect(_factor_used)
    identities.social_account_added.connect(_identity_linked)
    identities.social_account_removed.connect(_identity_unlinked)


def name_or_digest(tried: str) -> str:
    """The name of the account that somebody tried to enter, or a keyed digest: people type passwords too."""
    tried = tried.strip()
    if not tried:
        return ""
    meant = User.objects.filter(Q(username__iexact=tried) | Q(email__iexact=tried)).first()
    return meant.get_username() if meant else digest_of(tried)


# ---- Second factors ----------------------------------------------------------------------------------------


def record_failed_factor(request: HttpRequest, user: User, kind: str) -> None:
    record(request, "failed the second factor", user, kind=KINDS.get(kind, "code"))


def _factor_failed(request: HttpRequest, user: User, authenticator: Authenticator, **more: Any) -> None:
    record_failed_factor(request, user, authenticator.type)


def _factor_added(request: HttpRequest, user: User, authenticator: Authenticator, **more: Any) -> None:
    if authenticator.type == RECOVERY_CODES:
        record(request, "made recovery codes", user, actor=user)
    else:
        record(request, "set up a second factor", user, actor=user, kind=KINDS[authenticator.type])


def _factor_removed(request: HttpRequest, user: User, authenticator: Authenticator, **more: Any) -> None:
    if authenticator.type == RECOVERY_CODES:
        record(request, "removed recovery codes", user, actor=user)
    else:
        record(request, "removed a second factor", user, actor=user, kind=KINDS[authenticator.type])


def _factor_used(request: HttpRequest, user: User, authenticator: Authenticator, **more: Any) -> None:
    if authenticator.type == RECOVERY_CODES:
        record(request, "used a recovery code", user, actor=user)


# ---- Company logins ----------------------------------------------------------------------------------------


def record_refusal(request: HttpRequest, login: SocialLogin, reason: str) -> None:
    """A company login that leads nowhere; who it was is said by name only if they have an account."""
    mails = [each.email for each in login.email_addresses]
    record(request, "was refused a login", name_or_digest(mails[0] if mails else ""), reason=reason)


def _identity_linked(request: HttpRequest, sociallogin: SocialLogin, **more: Any) -> None:
    user, account = sociallogin.user, sociallogin.account
    record(request, "linked a company login", user, actor=user, identity=account.uid)


def _identity_unlinked(request: HttpRequest, socialaccount: SocialAccount, **more: Any) -> None:
    record(request, "unlinked a company login", socialaccount.user, identity=socialaccount.uid)
