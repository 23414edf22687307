from django.contrib.auth.management import create_permissions
from django.db import migrations


def let_administrators_read(apps, schema_editor):
    # Django makes permissions after the last migration: here they are needed already.
    config = apps.get_app_config("audit")
    config.models_module = True
    create_permissions(config, apps=apps, verbosity=0)
    config.models_module = None
    Group, Permission = apps.get_model("auth", "Group"), apps.get_model("auth", "Permission")
    permission = Permission.objects.get(content_type__app_label="audit", codename="view_auditevent")
    Group.objects.get(name="Administrator").permissions.add(permission)


class Migration(migrations.Migration):
    """Administrators read the audit trail; nobody may do more with it."""

    dependencies = [("segmenter", "0003_groups"), ("audit", "0001_initial")]
    operations = [migrations.RunPython(let_administrators_read, migrations.RunPython.noop)]
