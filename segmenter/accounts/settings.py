"""How people log in: second factors, single sign-on, email. Part of `segmenter/settings.py`."""

from typing import Any

import environ

env = environ.Env()

LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "account_login"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "segmenter.security.password_hasher.PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]

ACCOUNT_ADAPTER = "segmenter.accounts.adapters.AccountAdapter"
ACCOUNT_FORMS = {"login": "segmenter.accounts.forms.EntryForm"}
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_EMAIL_VERIFICATION = "none"  # administrators decide who may log in
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = True
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_PRESERVE_USERNAME_CASING = False
# Failed logins: 20 an hour from one address and 20 a day at one account. Others can thereby lock a person
# out for a while; guessing 20 passwords a day is the smaller evil. allauth's own limits hold for the rest.
ACCOUNT_RATE_LIMITS = {"login_failed": "20/h/ip,20/d/key", "login": "60/m/ip"}
# Anyone can send X-Forwarded-For: it says something only behind this many proxies of one's own.
ALLAUTH_TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXIES", default=0)
MFA_ADAPTER = "segmenter.accounts.adapters.SecondFactorAdapter"
# Texts from which the keys of second factors are derived: the first one encrypts, all of them decrypt, and so
# does the secret key.
MFA_KEY = env.list("MFA_KEY", default=[])
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_FORMS = {
    "authenticate_webauthn": "segmenter.accounts.forms.SecurityKeyForm",
    "reauthenticate_webauthn": "segmenter.accounts.forms.ReauthenticationKeyForm",
}
MFA_TOTP_ISSUER = "Segmenter"
MFA_ALLOW_UNVERIFIED_EMAIL = True
PASSWORD_RESET_TIMEOUT = 3 * 24 * 3600  # links in invitations too

# Single sign-on by OpenID Connect: it admits people who were invited with the same email address.
OIDC_ISSUER = env.str("OIDC_ISSUER", default="")
SOCIALACCOUNT_ADAPTER = "segmenter.accounts.adapters.SingleSignOnAdapter"
SOCIALACCOUNT_EMAIL_AUTHENTICATION = True
SOCIALACCOUNT_EMAIL_AUTHENTICATION_AUTO_CONNECT = True
SOCIALACCOUNT_LOGIN_ON_GET = False
SOCIALACCOUNT_PROVIDERS: dict[str, Any] = {}
if OIDC_ISSUER:
    SOCIALACCOUNT_PROVIDERS["openid_connect"] = {
        "APPS": [
            {
                "provider_id": "company",
                "name": env.str("OIDC_NAME", default="company login"),
                "client_id": env.str("OIDC_CLIENT_ID"),
                "secret": env.str("OIDC_CLIENT_SECRET"),
                "settings": {"server_url": OIDC_ISSUER},
            }
        ],
        "OAUTH_PKCE_ENABLED": True,
    }

# Without EMAIL_URL nothing is mailed: links are shown to be copied.
EMAIL_URL = env.str("EMAIL_URL", default="")
if EMAIL_URL:
    vars().update(env.email_url("EMAIL_URL"))
else:
    EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
DEFAULT_FROM_EMAIL = env.str("EMAIL_FROM", default="") or "segmenter@localhost"
