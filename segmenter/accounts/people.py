"""Inviting people, giving them a role, and disabling them: each is recorded in the audit trail."""

from __future__ import annotations

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth.models import Group, User
from django.core.mail import send_mail
from django.db import transaction
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from audit.recording import record

ADMINISTRATOR = "Administrator"
ROLES = ("Viewer", "Analyst", ADMINISTRATOR)
WHAT_ROLES_DO = {
    "Viewer": gettext_lazy("sees pages and charts"),
    "Analyst": gettext_lazy("also imports, finds segments, names and exports them"),
    ADMINISTRATOR: gettext_lazy("also deletes, undoes, manages people and reads the audit trail"),
}


def listed_people() -> QuerySet[User]:
    """Everyone, with the number of their second factors; the roles come with one more query."""
    people = User.objects.annotate(factors=Count("authenticator")).prefetch_related("groups")
    return people.order_by("username")


def role_of(person: User) -> str:
    """The highest of the person's roles; an empty text for none."""
    if person.is_superuser:
        return ADMINISTRATOR
    names = {group.name for group in person.groups.all()}
    return next((role for role in reversed(ROLES) if role in names), "")


@transaction.atomic
def invite(request: HttpRequest, *, username: str, email: str, role: str) -> tuple[User, str]:
    """Create a person without a password, and the link to choose one."""
    person = User.objects.create_user(username=username, email=email, password=None)
    person.groups.set(Group.objects.filter(name=role))
    record(request, "invited a person", person, role=role)
    return person, entry_link(request, person)


@transaction.atomic
def change_role(request: HttpRequest, person: User, role: str) -> None:
    before = role_of(person)
    person.groups.set(Group.objects.filter(name=role))
    if role != ADMINISTRATOR and person.is_superuser:
        person.is_superuser = False
        person.save(update_fields=["is_superuser"])
    record(request, "changed a role", person, before=before, after=role)


@transaction.atomic
def set_active(request: HttpRequest, person: User, *, active: bool) -> None:
    """Enable or disable a person: a disabled person is logged out at the next click."""
    person.is_active = active
    person.save(update_fields=["is_active"])
    record(request, "enabled a person" if active else "disabled a person", person)


@transaction.atomic
def reset_password(request: HttpRequest, person: User) -> str:
    """Cancel the password, which logs the person out everywhere, and make a link to choose another."""
    person.set_unusable_password()
    person.save(update_fields=["password"])
    record(request, "reset a password", person)
    return entry_link(request, person)


@transaction.atomic
def remove_second_factor(request: HttpRequest, person: User) -> None:
    Authenticator.objects.filter(user=person).delete()
    record(request, "removed a second factor", person)


def entry_link(request: HttpRequest, person: User) -> str:
    """The address where a person chooses a password: works once, within three days."""
    key = default_token_generator.make_token(person)
    path = reverse("account_reset_password_from_key", args=[user_pk_to_url_str(person), key])
    return request.build_absolute_uri(path)


def mail_link(person: User, link: str) -> bool:
    """Send the link to the person if mail is set up; tell whether it was sent."""
    if not (settings.EMAIL_URL and person.email):
        return False
    text = _("Hello %(name)s,\n\nchoose your password here, within three days:\n\n%(link)s\n")
    send_mail(
        _("Your access to Segmenter"),
        text % {"name": person.get_username(), "link": link},
        None,
        [person.email],
    )
    return True
