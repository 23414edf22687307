from django.db import migrations, models

# What there is was made the old way, and stays so: no logarithm unless somebody named one, and each value of a
# text weighs by itself. A sweep that ends elsewhere than at 10 was asked for.
KEEP_SEGMENTATIONS = """
UPDATE segmenter_segmentation SET texts_weigh_as_one = false, log1p_is_asked = (log1p <> '{}')
"""
KEEP_RUNS = "UPDATE segmenter_segmentationrun SET k_max_is_asked = true WHERE k_max <> 10"


class Migration(migrations.Migration):
    """Preparation is decided once for a segmentation; a run freezes what was proposed."""

    dependencies = [
        ('segmenter', '0009_deletion'),
    ]

    operations = [
        migrations.AddField(
            model_name='segmentation',
            name='log1p_is_asked',
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name='segmentation',
            name='texts_weigh_as_one',
            field=models.BooleanField(default=True),
        ),
        migrations.AddField(
            model_name='segmentationrun',
            name='k_max_is_asked',
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name='segmentationrun',
            name='prepared',
            field=models.JSONField(default=dict),
        ),
        migrations.RunSQL(KEEP_SEGMENTATIONS, migrations.RunSQL.noop),
        migrations.RunSQL(KEEP_RUNS, migrations.RunSQL.noop),
    ]
