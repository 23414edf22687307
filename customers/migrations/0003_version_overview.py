import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("customers", "0002_block_digests"),
    ]

    operations = [
        migrations.CreateModel(
            name="VersionOverview",
            fields=[
                (
                    "version",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="overview",
                        serialize=False,
                        to="customers.customerimport",
                    ),
                ),
                ("attributes", models.JSONField()),
            ],
            options={
                "default_permissions": (),
            },
        ),
    ]
