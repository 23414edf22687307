from django.db import migrations

REFUSE_EMPTYING = """
CREATE TRIGGER audit_refuse_emptying BEFORE TRUNCATE ON audit_auditevent
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_changes();
"""


class Migration(migrations.Migration):
    """TRUNCATE deletes no row one by one: it needs a trigger of its own."""

    dependencies = [("audit", "0001_initial")]
    operations = [migrations.RunSQL(REFUSE_EMPTYING, "DROP TRIGGER audit_refuse_emptying ON audit_auditevent")]
