"""The login page."""

from __future__ import annotations

from typing import Any

from allauth.account.views import LoginView
from allauth.mfa.base.views import AuthenticateView, ReauthenticateView
from allauth.mfa.webauthn.views import ReauthenticateWebAuthnView
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe


class Throttled:
    """A view of allauth's that answers 429 and not 200 when too many attempts have failed."""

    def form_invalid(self, form: Any) -> HttpResponse:
        response: HttpResponse = super().form_invalid(form)  # type: ignore[misc]
        if any(form.has_error(field, "too_many_login_attempts") for field in ("__all__", *form.fields)):
            response.status_code = 429
        return response


class ThrottledSecondFactorView(Throttled, AuthenticateView):
    """The second factor at the login."""


class ThrottledSecondFactorAgainView(Throttled, ReauthenticateView):
    """The second factor once more, before something that matters."""


class ThrottledSecurityKeyAgainView(Throttled, ReauthenticateWebAuthnView):
    """The security key once more."""


class ThrottledLoginView(Throttled, LoginView):
    """The login."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        return {**context, "may_mail": bool(settings.EMAIL_URL), "company_login": _company_login()}


def _company_login() -> dict[str, str] | None:
    """Name and address of single sign-on, if set up."""
    provider = settings.SOCIALACCOUNT_PROVIDERS.get("openid_connect")
    if provider is None:
        return None
    app = provider["APPS"][0]
    return {"name": app["name"], "address": reverse("openid_connect_login", args=[app["provider_id"]])}


@require_safe
@login_not_required
def ask_administrator(request: HttpRequest) -> HttpResponse:
    """Without email: who can give a new link to people who have forgotten their password."""
    return render(request, "account/ask_administrator.html")


@require_safe
@login_not_required
@never_cache
def may_import(request: HttpRequest) -> HttpResponse:
    """Tell the proxy, before it takes a large file, whether this person may import: 200, otherwise 403."""
    return HttpResponse(status=200 if request.user.has_perm("customers.add_customerimport") else 403)
