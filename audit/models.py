"""The audit trail. The database itself refuses to change or delete a row."""

from django.db import models
from django.db.models.functions import Now


class AuditEvent(models.Model):
    """One thing that somebody did: who, what, to what, when, from where.

    People are kept by name and not by a foreign key: deleting a user must change no event.
    """

    at = models.DateTimeField(db_default=Now(), editable=False)
    actor_id = models.BigIntegerField(null=True)
    actor_name = models.CharField(max_length=150, blank=True)
    action = models.CharField(max_length=40)
    subject = models.CharField(max_length=300, blank=True)
    details = models.JSONField(default=dict)
    address = models.GenericIPAddressField(null=True)

    class Meta:
        ordering = ["-id"]
        default_permissions = ("view",)
        indexes = [
            models.Index(fields=["action", "-id"], name="audit_event_by_action"),
            models.Index(fields=["actor_name", "-id"], name="audit_event_by_actor"),
        ]

    def __str__(self) -> str:
        return f"{self.actor_name or 'somebody'}: {self.action} {self.subject}".strip()

    @property
    def told(self) -> list[tuple[str, str]]:
        """The details in words: lists with commas, and nothing of what was left open."""
        return [
            (name, ", ".join(map(str, value)) if isinstance(value, list) else str(value))
            for name, value in self.details.items()
            if value not in (None, "", [])
        ]
