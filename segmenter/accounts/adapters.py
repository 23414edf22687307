"""How allauth behaves here: nobody signs up, and every login is recorded."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialLogin
from django.http import HttpRequest, HttpResponse

from audit.recording import record
from segmenter.accounts import second_factors
from segmenter.accounts.events import name_or_digest, record_refusal


class AccountAdapter(DefaultAccountAdapter):
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        super().authentication_failed(request, **credentials)
        tried = credentials.get("username") or credentials.get("email") or ""
        record(request, "failed to log in", name_or_digest(tried))

    def login(self, request: HttpRequest, user: Any) -> None:
        super().login(request, user)
        record(request, "logged in", actor=user)

    def logout(self, request: HttpRequest) -> None:
        if request.user.is_authenticated:
            record(request, "logged out")
        super().logout(request)

    def respond_user_inactive(self, request: HttpRequest, user: Any) -> HttpResponse:
        record(request, "was refused a login", user, reason="disabled")
        response: HttpResponse = super().respond_user_inactive(request, user)
        return response

    def set_password(self, user: Any, password: str) -> None:
        super().set_password(user, password)
        record(self.request, "set a new password", user, actor=user)

    def add_message(
        self, request: HttpRequest, level: int, message_template: str = "", *args: Any, **kwargs: Any
    ) -> None:
        """Drop messages that the next page shows anyway."""
        if message_template not in {"account/messages/logged_in.txt", "account/messages/logged_out.txt"}:
            super().add_message(request, level, message_template, *args, **kwargs)


class SingleSignOnAdapter(DefaultSocialAccountAdapter):
    """Single sign-on connects to invited people; it creates no new ones. Refusals are recorded."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        record_refusal(request, sociallogin, "nobody was invited with this email address")
        return False

    def on_authentication_error(
        self, request: HttpRequest, provider: Any, error: Any = None, exception: Any = None, **more: Any
    ) -> None:
        super().on_authentication_error(request, provider, error=error, exception=exception, **more)
        details = {"error": str(error or ""), "exception": type(exception).__name__ if exception else ""}
        record(request, "failed the company login", **details)


class SecondFactorAdapter(DefaultMFAAdapter):
    """Secrets of second factors are encrypted in the database."""

    def encrypt(self, text: str) -> str:
        return second_factors.encrypt(text)

    def decrypt(self, encrypted_text: str) -> str:
        return second_factors.decrypt(encrypted_text)
