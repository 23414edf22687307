"""People who may log in, for administrators."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from audit.models import AuditEvent
from audit.trail.pages import read_page
from common.conflicts import ConflictError
from common.table_lists import build_table
from segmenter.accounts import people
from segmenter.accounts.forms import InvitationForm, RoleForm
from segmenter.accounts.tables import PeopleTable

RECENT = 10
may_view = permission_required("auth.view_user", raise_exception=True)
may_invite = permission_required("auth.add_user", raise_exception=True)
may_change = permission_required("auth.change_user", raise_exception=True)

Change = Callable[[HttpRequest, User, str], HttpResponse]


def one_at_a_time(change: Change) -> Callable[[HttpRequest, int], HttpResponse]:
    """Decorate a view that changes another person; if somebody else was faster, say so on their page."""

    @wraps(change)
    def changed(request: HttpRequest, person_id: int) -> HttpResponse:
        person = _get_other(request, person_id)
        try:
            return change(request, person, request.POST.get("seen", ""))
        except ConflictError as error:
            messages.error(request, str(error))
        return redirect("people:person-detail", person.pk)

    return changed


@require_safe
@may_view
def person_list(request: HttpRequest) -> HttpResponse:
    table = build_table(request, PeopleTable, people.listed_people())
    return render(request, "segmenter/person_list.html", {"table": table})


@require_http_methods(["GET", "HEAD", "POST"])
@may_invite
def person_invite(request: HttpRequest) -> HttpResponse:
    form = InvitationForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            person, link = people.invite(request, **form.cleaned_data)
            return _show_link(request, person, link)
        except ValidationError as error:  # taken at this very moment
            form.add_error(error.code, error)
    return render(request, "segmenter/person_invite.html", {"form": form})


@require_safe
@may_view
def person_detail(request: HttpRequest, person_id: int) -> HttpResponse:
    person = get_object_or_404(people.listed_people(), pk=person_id)
    context = {
        "person": person,
        "role": people.role_of(person),
        "form": RoleForm(initial={"role": people.role_of(person)}),
        "is_self": person.pk == request.user.pk,
        "seen": people.state_of(person),
        "events": read_page(AuditEvent.objects.filter(actor_id=person.pk), size=RECENT).events,
    }
    return render(request, "segmenter/person_detail.html", context)


@require_POST
@may_change
@one_at_a_time
def person_role(request: HttpRequest, person: User, seen: str) -> HttpResponse:
    form = RoleForm(request.POST)
    if form.is_valid():
        people.change_role(request, person, form.cleaned_data["role"], seen=seen)
        messages.success(request, _("%(person)s is now %(role)s.") % {"person": person, **form.cleaned_data})
    else:
        messages.error(request, _("Choose one of the roles."))
    return redirect("people:person-detail", person.pk)


@require_POST
@may_change
@one_at_a_time
def person_activity(request: HttpRequest, person: User, seen: str) -> HttpResponse:
    active = request.POST.get("active") == "yes"
    people.set_active(request, person, active=active, seen=seen)
    said = _("%(person)s can log in again.") if active else _("%(person)s is logged out and disabled.")
    messages.success(request, said % {"person": person})
    return redirect("people:person-detail", person.pk)


@require_POST
@may_change
@one_at_a_time
def person_reset(request: HttpRequest, person: User, seen: str) -> HttpResponse:
    return _show_link(request, person, people.reset_password(request, person, seen=seen))


@require_POST
@may_change
@one_at_a_time
def person_forget_factor(request: HttpRequest, person: User, seen: str) -> HttpResponse:
    people.remove_second_factor(request, person, seen=seen)
    said = _("%(person)s logs in with the password alone until a new second factor is set up.")
    messages.success(request, said % {"person": person})
    return redirect("people:person-detail", person.pk)


def _get_other(request: HttpRequest, person_id: int) -> User:
    """Another person: people must not lock themselves out."""
    person = get_object_or_404(User, pk=person_id)
    if person.pk == request.user.pk:
        raise PermissionDenied(_("You cannot change your own role or access."))
    return person


def _show_link(request: HttpRequest, person: User, link: str) -> HttpResponse:
    context = {"person": person, "link": link, "was_mailed": people.mail_link(person, link)}
    return render(request, "segmenter/person_link.html", context)
