"""Jobs in every state."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db.models.functions import Now

from jobs import lifecycle
from jobs.models import Job


@pytest.fixture
def job(db: None) -> Job:
    return make_job()


def make_job(**values: object) -> Job:
    """A queued job for which no message is sent."""
    return Job.objects.create(kind="run", sent_at=Now(), **values)


@pytest.fixture
def let_it_go_silent() -> Callable[[Job], None]:
    def silence(job: Job) -> None:
        Job.objects.filter(pk=job.pk).update(
            heartbeat_at=Now() - timedelta(minutes=5), created_at=Now() - timedelta(minutes=5)
        )

    return silence


@pytest.fixture
def state_of() -> Callable[[Job], str]:
    return lambda job: Job.objects.get(pk=job.pk).state


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The ids of the jobs for which a message was sent."""
    ids: list[int] = []
    monkeypatch.setattr("jobs.dispatch.send_message", lambda task, job_id: ids.append(job_id) or True)
    return ids


@pytest.fixture
def claimed(job: Job) -> tuple[Job, int]:
    attempt = lifecycle.claim(job.pk)
    assert attempt is not None
    return job, attempt
