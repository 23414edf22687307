import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

from customers.storage import partitions


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('jobs', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        # One sequence for all versions: a customer keeps its id from version to version.
        migrations.RunSQL(
            'CREATE SEQUENCE customers_customer_id_seq AS bigint',
            'DROP SEQUENCE customers_customer_id_seq',
        ),
        migrations.CreateModel(
            name='CustomerImport',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('file_id', models.UUIDField(unique=True)),
                ('file_deleted_at', models.DateTimeField(blank=True, null=True)),
                ('original_name', models.CharField(max_length=255)),
                ('size', models.BigIntegerField()),
                ('sha256', models.CharField(max_length=64)),
                ('encoding', models.CharField(blank=True, max_length=40)),
                ('delimiter', models.CharField(blank=True, max_length=1)),
                ('mapping', models.JSONField(default=list)),
                ('options', models.JSONField(default=dict)),
                ('warnings', models.JSONField(default=list)),
                ('blank_count', models.BigIntegerField(default=0)),
                ('read_count', models.BigIntegerField(default=0)),
                ('created_count', models.BigIntegerField(default=0)),
                ('updated_count', models.BigIntegerField(default=0)),
                ('unchanged_count', models.BigIntegerField(default=0)),
                ('rejected_count', models.BigIntegerField(default=0)),
                ('removed_count', models.BigIntegerField(default=0)),
                ('customer_count', models.BigIntegerField(default=0)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('published_at', models.DateTimeField(blank=True, null=True)),
                ('undone_at', models.DateTimeField(blank=True, null=True)),
                ('dropped_at', models.DateTimeField(blank=True, null=True)),
                ('base_version', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='customers.customerimport')),
                ('job', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='customerimport', to='jobs.job')),
                ('created_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-id'],
            },
        ),
        migrations.CreateModel(
            name='Dataset',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=100, unique=True)),
                ('slug', models.SlugField(max_length=100, unique=True)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('created_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('current_version', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='customers.customerimport')),
            ],
            options={
                'ordering': ['name'],
            },
        ),
        migrations.AddField(
            model_name='customerimport',
            name='dataset',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='imports', to='customers.dataset'),
        ),
        migrations.CreateModel(
            name='Attribute',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=200)),
                ('kind', models.CharField(choices=[('number', 'number'), ('text', 'text'), ('date', 'date')], max_length=6)),
                ('position', models.PositiveSmallIntegerField()),
                ('unit', models.CharField(blank=True, max_length=20)),
                ('is_whole', models.BooleanField(default=False)),
                ('minimum', models.FloatField(blank=True, null=True)),
                ('maximum', models.FloatField(blank=True, null=True)),
                ('dataset', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='attributes', to='customers.dataset')),
            ],
            options={
                'ordering': ['id'],
            },
        ),
        migrations.CreateModel(
            name='RejectedRow',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('line', models.BigIntegerField()),
                ('column', models.TextField(blank=True)),
                ('value', models.TextField(blank=True)),
                ('reason', models.TextField()),
                ('cells', django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), null=True, size=None)),
                ('customer_import', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='rejected_rows', to='customers.customerimport')),
            ],
            options={
                'ordering': ['customer_import', 'line', 'id'],
            },
        ),
        partitions.CreatePartitionedModel(
            name='Customer',
            partition_by='version_id',
            fields=[
                ('pk', models.CompositePrimaryKey('version_id', 'id', blank=True, editable=False, primary_key=True, serialize=False)),
                ('id', models.BigIntegerField()),
                ('customer_id', models.TextField()),
                ('numbers', django.contrib.postgres.fields.ArrayField(base_field=models.FloatField(null=True), default=list, size=None)),
                ('texts', django.contrib.postgres.fields.ArrayField(base_field=models.TextField(null=True), default=list, size=None)),
                ('version', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='customers.customerimport')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('version', 'customer_id'), name='customer_id_in_version', opclasses=['int8_ops', 'text_pattern_ops']), models.CheckConstraint(condition=django.db.models.expressions.RawSQL('coalesce(array_lower(numbers, 1), 1) = 1 AND coalesce(array_lower(texts, 1), 1) = 1', (), output_field=models.BooleanField()), name='customer_arrays_canonical')],
            },
        ),
        migrations.AddConstraint(
            model_name='customerimport',
            constraint=models.CheckConstraint(condition=models.Q(('read_count', django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(models.F('created_count'), '+', models.F('updated_count')), '+', models.F('unchanged_count')), '+', models.F('rejected_count')))), name='import_counts_add_up'),
        ),
        migrations.AddConstraint(
            model_name='attribute',
            constraint=models.UniqueConstraint(fields=('dataset', 'name'), name='attribute_name_in_dataset'),
        ),
        migrations.AddConstraint(
            model_name='attribute',
            constraint=models.UniqueConstraint(condition=models.Q(('kind', 'number')), fields=('dataset', 'position'), name='attribute_number_position'),
        ),
        migrations.AddConstraint(
            model_name='attribute',
            constraint=models.UniqueConstraint(condition=models.Q(('kind', 'number'), _negated=True), fields=('dataset', 'position'), name='attribute_text_position'),
        ),
        migrations.AddIndex(
            model_name='rejectedrow',
            index=models.Index(fields=['customer_import', 'line', 'id'], name='rejected_row_page'),
        ),
    ]
