from django.apps import AppConfig


class JobsConfig(AppConfig):
    name = "jobs"

    def ready(self) -> None:
        # Connects to the signals of Celery's worker and beat.
        from jobs.worker import maintenance  # noqa: F401
