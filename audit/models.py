"""The audit trail. Database triggers refuse to change or delete a row."""

from django.db import models
from django.db.models.functions import Now


class AuditEvent(models.Model):
    """One action: who did what, to what, when and from where.

    Users are stored by name, not by foreign key: deleting a user must not change any event. No event holds
    a customer's id or a searched text (`audit/pseudonyms.py`).

    Attributes
    ----------
    position, previous, digest
        Its place in the chain of digests, filled in once, soon after the event (`audit/trail/chain.py`).
    """

    at = models.DateTimeField(db_default=Now(), editable=False)
    actor_id = models.BigIntegerField(null=True)
    actor_name = models.CharField(max_length=150, blank=True)
    action = models.CharField(max_length=40)
    subject = models.CharField(max_length=300, blank=True)
    details = models.JSONField(default=dict)
    address = models.GenericIPAddressField(null=True)
    position = models.BigIntegerField(null=True, editable=False)
    previous = models.CharField(max_length=64, blank=True, default="", editable=False)
    digest = models.CharField(max_length=64, blank=True, default="", editable=False)

    class Meta:
        ordering = ["-at", "-id"]
        default_permissions = ("view",)
        # Each is one more lock for every month that a statement opens. The primary key is (at, id) there.
        indexes = [models.Index(fields=["position"], name="audit_event_by_position")]

    def __str__(self) -> str:
        return f"{self.actor_name or 'somebody'}: {self.action} {self.subject}".strip()

    @property
    def details_in_words(self) -> list[tuple[str, str]]:
        """The details as text: lists joined with commas, empty values left out."""
        return [
            (name, ", ".join(map(str, value)) if isinstance(value, list) else str(value))
            for name, value in self.details.items()
            if value not in (None, "", [])
        ]


class Chain(models.Model):
    """The chain of digests as a whole, in one row, which whoever seals holds locked.

    Attributes
    ----------
    position, digest
        Of the last event; 0 and empty if there is none.
    actions
        Every action in the trail, for people to choose from.
    """

    position = models.BigIntegerField(default=0)
    digest = models.CharField(max_length=64, blank=True, default="")
    actions = models.JSONField(default=list)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.position}:{self.digest}"
