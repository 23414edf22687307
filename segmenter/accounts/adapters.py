"""How allauth behaves here: nobody signs up, and every login is recorded."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialLogin
from django.http import HttpRequest

from audit.recording import record


class AccountAdapter(DefaultAccountAdapter):
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        super().authentication_failed(request, **credentials)
        tried = credentials.get("username") or credentials.get("email") or ""
        record(request, "failed to log in", tried)

    def login(self, request: HttpRequest, user: Any) -> None:
        super().login(request, user)
        record(request, "logged in", actor=user)

    def logout(self, request: HttpRequest) -> None:
        if request.user.is_authenticated:
            record(request, "logged out")
        super().logout(request)

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
    """Single sign-on connects to invited people; it creates no new ones."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        return False
