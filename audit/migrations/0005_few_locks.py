from django.db import migrations, models

# Each index costs a lock for each month that a statement opens. Pages are read by time, (position) finds what
# is not sealed too.
FEWER_INDEXES = """
DROP INDEX audit_event_by_action;
DROP INDEX audit_event_by_actor;
DROP INDEX audit_event_unsealed;
ALTER TABLE audit_auditevent DROP CONSTRAINT audit_auditevent_pkey;
ALTER TABLE audit_auditevent ADD CONSTRAINT audit_auditevent_pkey PRIMARY KEY (at, id);
"""
FILL = """
INSERT INTO audit_chain (position, digest, actions)
SELECT coalesce(max(position), 0),
       coalesce((SELECT digest FROM audit_auditevent WHERE position IS NOT NULL
                 ORDER BY position DESC LIMIT 1), ''),
       coalesce((SELECT jsonb_agg(DISTINCT action ORDER BY action) FROM audit_auditevent), '[]')
  FROM audit_auditevent;
"""


class Migration(migrations.Migration):
    """Few locks for each month, and what is known of the chain as a whole in one row."""

    dependencies = [("audit", "0004_months_and_chain")]
    operations = [
        migrations.AlterModelOptions(
            name="auditevent", options={"default_permissions": ("view",), "ordering": ["-at", "-id"]}
        ),
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.RemoveIndex(model_name="auditevent", name="audit_event_by_action"),
                migrations.RemoveIndex(model_name="auditevent", name="audit_event_by_actor"),
                migrations.RemoveIndex(model_name="auditevent", name="audit_event_unsealed"),
            ],
            database_operations=[migrations.RunSQL(FEWER_INDEXES)],
        ),
        migrations.CreateModel(
            name="Chain",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("position", models.BigIntegerField(default=0)),
                ("digest", models.CharField(blank=True, default="", max_length=64)),
                ("actions", models.JSONField(default=list)),
            ],
            options={"default_permissions": ()},
        ),
        migrations.RunSQL(FILL),
    ]
