from django.db import migrations, models

# Deleting a customer opened the partitions of all runs and of all versions that there are.
NOTE = """
CREATE OR REPLACE FUNCTION segmenter_forget_assignments() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO segmenter_gonecustomer (version_id, customer_id) SELECT version_id, id FROM gone;
    RETURN NULL;
END
$$;
"""
FORGET = """
CREATE OR REPLACE FUNCTION segmenter_forget_assignments() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM segmenter_clusterassignment
     WHERE customer_id IN (SELECT id FROM gone)
       AND customer_id NOT IN (SELECT id FROM customers_customer WHERE id IN (SELECT id FROM gone));
    RETURN NULL;
END
$$;
"""


class Migration(migrations.Migration):
    """Datasets are hidden first and cleared away later; so are the assignments of deleted customers."""

    dependencies = [
        ('segmenter', '0008_export_of_run'),
    ]

    operations = [
        migrations.CreateModel(
            name='GoneCustomer',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('version_id', models.BigIntegerField()),
                ('customer_id', models.BigIntegerField()),
            ],
            options={
                'default_permissions': (),
            },
        ),
        migrations.AddField(
            model_name='segmentation',
            name='deleted_at',
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name='segmentationrun',
            name='deleted_at',
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.RunSQL(NOTE, FORGET),
    ]
