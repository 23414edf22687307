"""Every address of the site."""

from django.conf import settings
from django.urls import include, path

from segmenter.accounts import login
from segmenter.pages import errors, glossary, health, home

# Views of allauth's that say with the status too when somebody has tried too often.
throttled_patterns = [
    path("login/", login.ThrottledLoginView.as_view(), name="account_login"),
    path("2fa/authenticate/", login.ThrottledSecondFactorView.as_view(), name="mfa_authenticate"),
    path("2fa/reauthenticate/", login.ThrottledSecondFactorAgainView.as_view(), name="mfa_reauthenticate"),
    path(
        "2fa/webauthn/reauthenticate/",
        login.ThrottledSecurityKeyAgainView.as_view(),
        name="mfa_reauthenticate_webauthn",
    ),
]

# Parts of allauth not used here: administrators decide who may log in, and by which address.
closed_patterns = [
    path("email/", errors.closed),
    path("confirm-email/", errors.closed),
    path("confirm-email/<str:key>/", errors.closed),
    path("login/code/confirm/", errors.closed),
    path("social/<path:rest>", errors.closed),
]
if not settings.OIDC_ISSUER:
    closed_patterns += [path("3rdparty/", errors.closed), path("3rdparty/<path:rest>", errors.closed)]
if not settings.EMAIL_URL:
    closed_patterns += [
        path("password/reset/", login.ask_administrator),
        path("password/reset/done/", errors.closed),
    ]

handler400 = errors.bad_request

urlpatterns = [
    path("", home.home, name="home"),
    path("glossary/", glossary.glossary, name="glossary"),
    path("healthz", health.healthz, name="healthz"),
    path("metrics", health.metrics, name="metrics"),
    path("accounts/may-import/", login.may_import, name="may-import"),
    path("accounts/", include(throttled_patterns)),
    path("accounts/", include(closed_patterns)),
    path("accounts/", include("allauth.urls")),
    path("", include("audit.urls")),
    path("", include("jobs.urls")),
    path("", include("customers.urls")),
    path("", include("segmentation.urls")),
    path("", include("segmenter.accounts.urls")),
]
