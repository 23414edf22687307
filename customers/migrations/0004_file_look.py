from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("customers", "0003_version_overview")]

    operations = [
        migrations.AddField(
            model_name="customerimport",
            name="file_look",
            field=models.JSONField(editable=False, null=True),
        ),
    ]
