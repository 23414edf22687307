from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("customers", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="customerimport",
            name="block_digests",
            field=models.BinaryField(default=b"", editable=False),
        ),
    ]
