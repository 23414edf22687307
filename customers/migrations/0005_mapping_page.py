from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("customers", "0004_file_look")]

    operations = [
        migrations.AddField(
            model_name="customerimport",
            name="mapping_page",
            field=models.JSONField(editable=False, null=True),
        ),
    ]
