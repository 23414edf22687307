import re

from django.conf import settings
from django.db import migrations
from django.db.models import Q

from audit.pseudonyms import PREFIX, digest_of

TRIGGER = "ALTER TABLE audit_auditevent {} TRIGGER audit_refuse_changes"
EVERYBODY = "all customers"
QUOTED = re.compile("“([^“”]*)”")
BALANCED = re.compile("[^“”]*(“[^“”]*”[^“”]*)*")
# An exact number or date, which may point to one customer; a text stands in quotation marks.
EXACT = re.compile(r"^(.* is )(?!missing$|known$)([^“”]+)$")


def without_customers(selection):
    """The selection of an export in words, with each text that somebody searched for as its digest."""
    if selection == EVERYBODY or PREFIX in selection:
        return selection
    if not BALANCED.fullmatch(selection):
        return digest_of(selection)
    parts = [EXACT.sub(lambda found: found[1] + digest_of(found[2]), each) for each in selection.split("; ")]
    return QUOTED.sub(lambda found: f"“{digest_of(found[1])}”", "; ".join(parts))


def rewrite(apps, schema_editor):
    User = apps.get_model(settings.AUTH_USER_MODEL)
    AuditEvent = apps.get_model("audit", "AuditEvent")
    names = {name.lower(): name for name in User.objects.values_list("username", flat=True)}
    by_mail = User.objects.exclude(email="").values_list("email", "username")
    names = {**{mail.lower(): name for mail, name in by_mail}, **names}
    logins = selections = 0
    # Suspended in this transaction, which nobody else can look into or write to meanwhile.
    schema_editor.execute(TRIGGER.format("DISABLE"))
    for event in AuditEvent.objects.filter(action="failed to log in").exclude(subject="").iterator():
        name = names.get(event.subject.lower()) or digest_of(event.subject)
        logins += AuditEvent.objects.filter(pk=event.pk).exclude(subject=name).update(subject=name)
    exports = AuditEvent.objects.filter(details__has_key="selection")
    for event in exports.filter(~Q(details__selection=EVERYBODY)).iterator():
        said = {**event.details, "selection": without_customers(str(event.details["selection"]))}
        if said != event.details:
            selections += AuditEvent.objects.filter(pk=event.pk).update(details=said)
    schema_editor.execute(TRIGGER.format("ENABLE"))
    if logins or selections:
        AuditEvent.objects.create(
            actor_name="a command",
            action="rewrote old events",
            subject="names tried at the login and texts searched for, as keyed digests",
            details={"failed logins": logins, "exports": selections},
        )


class Migration(migrations.Migration):
    """Customers' ids and searched texts leave the trail, and what was typed as a name that nobody has."""

    dependencies = [
        ("audit", "0002_refuse_emptying"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [migrations.RunPython(rewrite, migrations.RunPython.noop)]
