"""Exceptions that no view foresees when two people act at once."""

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, DataError, IntegrityError, OperationalError
from psycopg import errors

from customers.models import Dataset
from customers.views import datasets
from segmenter.pages.collisions import CollisionMiddleware


def caused(error, cause):
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (IntegrityError("duplicate key value"), 409),
        (caused(OperationalError("deadlock detected"), errors.DeadlockDetected()), 409),
        (DatabaseError("Save with update_fields did not affect any rows."), 409),
        (Dataset.DoesNotExist("gone"), 404),
        (DataError("value out of range"), 400),
    ],
)
def test_what_no_view_foresaw_is_said_in_words(rf, db, error, status):
    answer = CollisionMiddleware(lambda request: None).process_exception(rf.post("/"), error)
    assert answer.status_code == status
    assert str(error) not in answer.content.decode()


@pytest.mark.parametrize(
    "error", [ValueError("a bug"), OperationalError("no connection"), PermissionDenied()]
)
def test_everything_else_stays_what_it_is(rf, error):
    assert CollisionMiddleware(lambda request: None).process_exception(rf.post("/"), error) is None


def test_a_row_that_is_gone_between_two_statements_of_a_view_is_not_found(viewer_client, monkeypatch):
    def gone(*args: object, **kwargs: object) -> None:
        User.objects.get(pk=-1)

    monkeypatch.setattr(datasets, "render", gone)
    assert viewer_client.get("/datasets/").status_code == 404
