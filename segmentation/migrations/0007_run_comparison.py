import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('segmenter', '0006_customer_exports'),
    ]

    operations = [
        migrations.CreateModel(
            name='RunComparison',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('flows', models.JSONField()),
                ('moves', models.JSONField(null=True)),
                ('after', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='segmenter.segmentationrun')),
                ('before', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='segmenter.segmentationrun')),
            ],
            options={
                'default_permissions': (),
                'constraints': [models.UniqueConstraint(fields=('before', 'after'), name='comparison_of_runs')],
            },
        ),
    ]
