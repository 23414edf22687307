"""Forms about people."""

from typing import Any

from allauth.account.forms import LoginForm
from allauth.core import context
from allauth.mfa.adapter import get_adapter
from allauth.mfa.webauthn.forms import AuthenticateWebAuthnForm, ReauthenticateWebAuthnForm
from django import forms
from django.contrib.auth.models import User
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from segmenter.accounts.events import record_failed_factor
from segmenter.accounts.people import ROLES, WHAT_ROLES_DO, refuse_taken

ROLE_CHOICES = [(role, format_lazy("{}: {}", role, WHAT_ROLES_DO[role])) for role in ROLES]


class EntryForm(LoginForm):
    """allauth's login form in our words; the page says how to get a new password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].label = _("Name or email address")
        for field in self.fields.values():
            field.widget.attrs.pop("placeholder", None)
            field.help_text = ""


class _RecordedKey:
    """Records a security key that was refused: allauth has a signal for codes only.

    What no browser sends, such as an answer without a field, is refused too; allauth would end with an error.
    """

    user: User

    def clean_credential(self) -> Any:
        try:
            return super().clean_credential()  # type: ignore[misc]
        except forms.ValidationError:
            record_failed_factor(context.request, self.user, "webauthn")
            raise
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            record_failed_factor(context.request, self.user, "webauthn")
            raise get_adapter().validation_error("incorrect_code") from error


class SecurityKeyForm(_RecordedKey, AuthenticateWebAuthnForm):
    """The security key as second factor of a login."""


class ReauthenticationKeyForm(_RecordedKey, ReauthenticateWebAuthnForm):
    """The security key of somebody who is logged in and confirms it."""


class InvitationForm(forms.ModelForm):
    role = forms.ChoiceField(choices=ROLE_CHOICES, initial="Viewer", widget=forms.RadioSelect)

    class Meta:
        model = User
        fields = ["username", "email"]
        labels = {"username": _("Login name"), "email": _("Email address")}
        help_texts = {
            "username": _("Short and without spaces, for example maria."),
            "email": _("If given, people can log in with it as well."),
        }

    def clean_username(self) -> str:
        name = str(self.cleaned_data["username"]).lower()
        refuse_taken("username", name)
        return name

    def clean_email(self) -> str:
        email = str(self.cleaned_data["email"]).lower()
        refuse_taken("email", email)
        return email


class RoleForm(forms.Form):
    role = forms.ChoiceField(choices=ROLE_CHOICES, widget=forms.RadioSelect)
