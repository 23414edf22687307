"""Administrators who change people at the same moment."""

from functools import partial

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Group, Permission, User

from audit.models import AuditEvent
from segmenter.accounts import people
from tests.fixtures.people import log_in

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def administrators():
    """Two administrators, and a client of each."""
    both = [User.objects.create_user(name, password="seven green bottles 42") for name in ("ada", "ben")]
    for each in both:
        each.groups.add(Group.objects.get(name="Administrator"))
    return [(each, log_in(each)) for each in both]


def active_administrators():
    return User.objects.filter(groups__name="Administrator", is_active=True).count()


@pytest.mark.parametrize(("action", "posted"), [("activity", {"active": "no"}), ("role", {"role": "Viewer"})])
def test_two_administrators_cannot_remove_each_other_at_once(administrators, together, action, posted):
    (ada, ada_client), (ben, ben_client) = administrators
    answers = together(
        partial(ada_client.post, f"/people/{ben.pk}/{action}/", posted),
        partial(ben_client.post, f"/people/{ada.pk}/{action}/", posted),
    )
    assert sorted(answer.status_code for answer in answers) == [302, 403]
    assert active_administrators() == 1


def test_the_last_active_administrator_cannot_be_disabled_or_demoted(administrators, analyst, analyst_client):
    (ada, _), (ben, _) = administrators
    analyst.user_permissions.set(Permission.objects.filter(codename="change_user"))
    User.objects.filter(pk=ben.pk).update(is_active=False)
    for action, posted in (("activity", {"active": "no"}), ("role", {"role": "Viewer"})):
        answer = analyst_client.post(f"/people/{ada.pk}/{action}/", posted, follow=True)
        assert "last active administrator" in str([str(each) for each in answer.context["messages"]])
    assert active_administrators() == 1


def test_two_new_links_for_one_person_are_not_both_shown_as_valid(administrators, viewer, together):
    answers = together(*[partial(client.post, f"/people/{viewer.pk}/reset/") for _, client in administrators])
    assert sorted(answer.status_code for answer in answers) == [200, 302]


def test_a_page_that_is_out_of_date_changes_nobody(administrators, viewer):
    (_, ada_client), (_, ben_client) = administrators
    seen = ada_client.get(f"/people/{viewer.pk}/").context["seen"]
    ben_client.post(f"/people/{viewer.pk}/role/", {"role": "Analyst", "seen": seen})
    answer = ada_client.post(f"/people/{viewer.pk}/role/", {"role": "Viewer", "seen": seen}, follow=True)
    assert "Somebody else has changed" in answer.content.decode()
    assert people.role_of(User.objects.get(pk=viewer.pk)) == "Analyst"


def test_a_second_factor_removed_twice_is_recorded_once(administrators, viewer, together):
    Authenticator.objects.create(user=viewer, type="totp", data={"secret": "A" * 32})
    together(*[partial(client.post, f"/people/{viewer.pk}/forget-factor/") for _, client in administrators])
    assert AuditEvent.objects.filter(action="removed a second factor").count() == 1


@pytest.mark.parametrize("other", [{}, {"username": "carol2"}])
def test_two_invitations_with_one_name_or_address_make_one_person(administrators, together, other):
    posted = {"username": "carol", "email": "carol@shop.example", "role": "Viewer"}
    answers = together(
        *[
            partial(client.post, "/people/invite/", values)
            for (_, client), values in zip(administrators, [posted, posted | other], strict=True)
        ]
    )
    assert [answer.status_code for answer in answers] == [200, 200]
    assert sum("already" in answer.content.decode() for answer in answers) == 1
    assert User.objects.filter(email="carol@shop.example").count() == 1
