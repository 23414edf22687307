"""Inviting people, giving them a role, and disabling them: each is recorded in the audit trail."""

from __future__ import annotations

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth.models import Group, User
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.mail import send_mail
from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from audit.recording import record
from common.conflicts import ConflictError

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


def state_of(person: User) -> str:
    """A digest of what administrators change about a person: a page sends back the one it has shown."""
    factors = sorted(Authenticator.objects.filter(user=person).values_list("pk", flat=True))
    state = f"{person.pk} {person.is_active} {role_of(person)} {person.password} {factors}"
    return salted_hmac("segmenter.accounts.people", state).hexdigest()[:16]


@transaction.atomic
def invite(request: HttpRequest, *, username: str, email: str, role: str) -> tuple[User, str]:
    """Create a person without a password, and the link to choose one.

    Raises
    ------
    ValidationError
        Somebody else has just taken the name or the address; the code is the field.
    """
    _lock_administrators(request, "auth.add_user")
    refuse_taken("username", username)
    refuse_taken("email", email)
    person = User.objects.create_user(username=username, email=email, password=None)
    person.groups.set(Group.objects.filter(name=role))
    record(request, "invited a person", person, role=role)
    return person, entry_link(request, person)


def refuse_taken(field: str, value: str) -> None:
    """Raise a `ValidationError`, its code the field, if somebody has this name or address in any case."""
    texts = {
        "username": gettext_lazy("This name is already taken."),
        "email": gettext_lazy("This address is already in use."),
    }
    if value and User.objects.filter(**{f"{field}__iexact": value}).exists():
        raise ValidationError(texts[field], code=field)


@transaction.atomic
def change_role(request: HttpRequest, person: User, role: str, *, seen: str = "") -> None:
    """Give a person another role.

    Raises
    ------
    ConflictError
        The person is no longer as the page showed (`seen`), or would be the last administrator to go.
    """
    person = _lock(request, person, seen)
    before = role_of(person)
    person.groups.set(Group.objects.filter(name=role))
    if role != ADMINISTRATOR and person.is_superuser:
        person.is_superuser = False
        person.save(update_fields=["is_superuser"])
    _refuse_without_administrator()
    record(request, "changed a role", person, before=before, after=role)


@transaction.atomic
def set_active(request: HttpRequest, person: User, *, active: bool, seen: str = "") -> None:
    """Enable or disable a person: a disabled person is logged out at the next click.

    Raises
    ------
    ConflictError
        As for `change_role`.
    """
    person = _lock(request, person, seen)
    person.is_active = active
    person.save(update_fields=["is_active"])
    _refuse_without_administrator()
    record(request, "enabled a person" if active else "disabled a person", person)


@transaction.atomic
def reset_password(request: HttpRequest, person: User, *, seen: str = "") -> str:
    """Cancel the password, which logs the person out everywhere, and make a link to choose another.

    Raises
    ------
    ConflictError
        The person is no longer as the page showed: a second link would cancel somebody else's.
    """
    person = _lock(request, person, seen)
    person.set_unusable_password()
    person.save(update_fields=["password"])
    record(request, "reset a password", person)
    return entry_link(request, person)


@transaction.atomic
def remove_second_factor(request: HttpRequest, person: User, *, seen: str = "") -> None:
    """Let a person log in with the password alone.

    Raises
    ------
    ConflictError
        The person is no longer as the page showed.
    """
    person = _lock(request, person, seen)
    Authenticator.objects.filter(user=person).delete()
    record(request, "removed a second factor", person)


# ---- Several administrators at once ------------------------------------------------------------------------


def _active_administrators() -> QuerySet[User]:
    may_all = Q(is_superuser=True) | Q(groups__name=ADMINISTRATOR)
    return User.objects.filter(may_all, is_active=True)


def _lock_administrators(request: HttpRequest, permission: str) -> None:
    """Make changes of people wait for each other, and refuse those by who has just lost the permission.

    The rows of all administrators are locked in the order of their ids, those of disabled ones too: whoever
    waits here sees afterwards what the one before has done.
    """
    involved = User.objects.filter(
        Q(is_superuser=True) | Q(groups__name=ADMINISTRATOR) | Q(pk=request.user.pk)
    )
    locked = User.objects.select_for_update().filter(pk__in=involved.values("pk")).order_by("pk")
    actor = next((user for user in locked if user.pk == request.user.pk), None)
    if actor is None or not actor.has_perm(permission):
        raise PermissionDenied(_("You may no longer manage people: nothing was changed."))


def _lock(request: HttpRequest, person: User, seen: str) -> User:
    """The person as they are now, locked; refused if the page or this request showed something else."""
    seen = seen or state_of(person)
    _lock_administrators(request, "auth.change_user")
    found = User.objects.select_for_update().filter(pk=person.pk).first()
    if found is None or state_of(found) != seen:
        text = _(
            "Somebody else has changed %(person)s meanwhile, so nothing was changed now: look at what is "
            "here, and try again."
        )
        raise ConflictError(text % {"person": person})
    return found


def _refuse_without_administrator() -> None:
    if not _active_administrators().exists():
        raise ConflictError(
            _("This is the last active administrator: make somebody else an administrator first.")
        )


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
