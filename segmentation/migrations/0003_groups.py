from django.contrib.auth.management import create_permissions
from django.db import migrations

VIEWER = [
    *["customers.view_dataset", "customers.view_customer", "customers.view_customerimport"],
    *["segmenter.view_segmentation", "segmenter.view_segmentationrun", "segmenter.view_segment"],
    "jobs.view_job",
]
ANALYST = [
    *VIEWER,
    *["customers.add_dataset", "customers.change_dataset", "customers.add_customerimport"],
    *["segmenter.add_segmentationrun", "segmenter.change_segmentation", "segmenter.change_segment"],
    *["segmenter.export_segment", "jobs.change_job"],
]
ADMINISTRATOR = [
    *ANALYST,
    *["customers.delete_dataset", "customers.delete_customerimport", "customers.change_customerimport"],
    *["segmenter.delete_segmentation", "segmenter.delete_segmentationrun", "jobs.delete_job"],
    *["auth.view_user", "auth.add_user", "auth.change_user", "auth.delete_user"],
]
GROUPS = {"Viewer": VIEWER, "Analyst": ANALYST, "Administrator": ADMINISTRATOR}


def make_groups(apps, schema_editor):
    # Django makes permissions after the last migration: here they are needed already.
    for label in ("auth", "customers", "jobs", "segmenter"):
        config = apps.get_app_config(label)
        config.models_module = True
        create_permissions(config, apps=apps, verbosity=0)
        config.models_module = None
    Group, Permission = apps.get_model("auth", "Group"), apps.get_model("auth", "Permission")
    for name, permissions in GROUPS.items():
        group, _ = Group.objects.get_or_create(name=name)
        for permission in permissions:
            label, codename = permission.split(".")
            group.permissions.add(
                Permission.objects.get(content_type__app_label=label, codename=codename)
            )


class Migration(migrations.Migration):
    """Who may do what: three groups, each with the one before."""

    dependencies = [
        ("segmenter", "0002_customer_trigger"),
        ("jobs", "0001_initial"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]
    operations = [migrations.RunPython(make_groups, migrations.RunPython.noop)]
