import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

from customers.storage import partitions


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('customers', '0001_initial'),
        ('jobs', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Segmentation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=200)),
                ('features', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), size=None)),
                ('scaling', models.CharField(choices=[('standard', 'standardise (recommended)'), ('none', 'leave as they are'), ('min-max', 'stretch to 0 … 1'), ('robust', 'by median and quartiles')], default='standard', max_length=10)),
                ('log1p', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), default=list, size=None)),
                ('missing', models.CharField(choices=[('leave-out', 'leave the customer out (recommended)'), ('median', 'fill in the median')], default='leave-out', max_length=10)),
                ('outliers', models.CharField(choices=[('keep', 'keep them (recommended)'), ('set-aside', 'set them aside')], default='keep', max_length=10)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('dataset', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='segmentations', to='customers.dataset')),
            ],
            options={
                'ordering': ['-id'],
            },
        ),
        migrations.CreateModel(
            name='Segment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=100)),
                ('colour', models.PositiveSmallIntegerField()),
                ('notes', models.TextField(blank=True)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('retired_at', models.DateTimeField(blank=True, null=True)),
                ('segmentation', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='segments', to='segmenter.segmentation')),
            ],
            options={
                'ordering': ['id'],
                'permissions': [('export_segment', "Can take a segment's customers along")],
            },
        ),
        migrations.CreateModel(
            name='SegmentationRun',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('k_requested', models.PositiveSmallIntegerField(blank=True, null=True)),
                ('k_min', models.PositiveSmallIntegerField(default=1)),
                ('k_max', models.PositiveSmallIntegerField(default=10)),
                ('random_state', models.BigIntegerField(default=0)),
                ('limits', models.JSONField(default=dict)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('feature_names', django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), size=None)),
                ('k', models.PositiveSmallIntegerField(null=True)),
                ('k_recommended', models.PositiveSmallIntegerField(null=True)),
                ('elbow_k', models.PositiveSmallIntegerField(null=True)),
                ('customer_count', models.BigIntegerField(default=0)),
                ('left_out_count', models.BigIntegerField(default=0)),
                ('left_out', models.JSONField(default=dict)),
                ('explained', models.JSONField(default=dict)),
                ('log1p_proposed', django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), default=list, size=None)),
                ('sweep', models.JSONField(default=dict)),
                ('scores', models.JSONField(default=dict)),
                ('advice', models.JSONField(default=dict)),
                ('profiles', models.JSONField(default=dict)),
                ('pictures', models.JSONField(default=list)),
                ('timings', models.JSONField(default=dict)),
                ('libraries', models.JSONField(default=dict)),
                ('job', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='segmentationrun', to='jobs.job')),
                ('segmentation', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='runs', to='segmenter.segmentation')),
                ('version', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='customers.customerimport')),
            ],
            options={
                'ordering': ['-id'],
            },
        ),
        partitions.CreatePartitionedModel(
            name='ClusterAssignment',
            partition_by='run_id',
            fields=[
                ('pk', models.CompositePrimaryKey('customer_id', 'run_id', blank=True, editable=False, primary_key=True, serialize=False)),
                ('customer_id', models.BigIntegerField()),
                ('label', models.SmallIntegerField()),
                ('distance', models.FloatField()),
                ('margin', models.FloatField()),
                ('run', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='segmenter.segmentationrun')),
            ],
        ),
        migrations.CreateModel(
            name='Cluster',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('label', models.PositiveSmallIntegerField()),
                ('number', models.PositiveSmallIntegerField()),
                ('size', models.BigIntegerField()),
                ('centroid', django.contrib.postgres.fields.ArrayField(base_field=models.FloatField(), size=None)),
                ('description', models.TextField(blank=True)),
                ('typical', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), default=list, size=None)),
                ('borderline', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), default=list, size=None)),
                ('confidence', models.FloatField(null=True)),
                ('segment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='clusters', to='segmenter.segment')),
                ('run', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='clusters', to='segmenter.segmentationrun')),
            ],
            options={
                'ordering': ['run', 'number'],
            },
        ),
        migrations.AddConstraint(
            model_name='segmentation',
            constraint=models.UniqueConstraint(fields=('dataset', 'name'), name='segmentation_name_in_dataset'),
        ),
        migrations.AddConstraint(
            model_name='segment',
            constraint=models.UniqueConstraint(condition=models.Q(('retired_at', None)), fields=('segmentation', 'name'), name='segment_name_in_segmentation'),
        ),
        migrations.AddIndex(
            model_name='clusterassignment',
            index=models.Index(fields=['label', 'distance', 'customer_id'], name='assignment_by_distance'),
        ),
        migrations.AddIndex(
            model_name='clusterassignment',
            index=models.Index(fields=['label', 'margin', 'customer_id'], name='assignment_by_margin'),
        ),
        migrations.AddConstraint(
            model_name='cluster',
            constraint=models.UniqueConstraint(fields=('run', 'number'), name='cluster_number_in_run'),
        ),
        migrations.AddConstraint(
            model_name='cluster',
            constraint=models.UniqueConstraint(fields=('run', 'label'), name='cluster_label_in_run'),
        ),
        migrations.AddConstraint(
            model_name='cluster',
            constraint=models.UniqueConstraint(fields=('run', 'segment'), name='cluster_segment_in_run'),
        ),
    ]
