from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('customers', '0005_mapping_page'),
    ]

    operations = [
        migrations.AddField(
            model_name='customerimport',
            name='deleted_at',
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name='dataset',
            name='deleted_at',
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
    ]
