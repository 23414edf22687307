import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('segmenter', '0007_run_comparison'),
    ]

    operations = [
        migrations.AddField(
            model_name='customerexport',
            name='run',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='exports', to='segmenter.segmentationrun'),
        ),
    ]
