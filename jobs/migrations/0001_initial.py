import django.db.models.deletion
import django.db.models.functions.datetime
import jobs.models
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Process',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('role', models.CharField(choices=[('worker', 'worker'), ('beat', 'scheduler')], max_length=10)),
                ('name', models.CharField(max_length=100, unique=True)),
                ('started_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('seen_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                'ordering': ['role', 'name'],
            },
        ),
        migrations.CreateModel(
            name='Job',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(max_length=20)),
                ('title', models.CharField(blank=True, max_length=200)),
                ('state', models.CharField(choices=[('queued', 'queued'), ('running', 'running'), ('succeeded', 'succeeded'), ('failed', 'failed'), ('cancelled', 'cancelled')], default='queued', max_length=10)),
                ('key', models.CharField(blank=True, max_length=200)),
                ('lane', models.CharField(blank=True, max_length=100)),
                ('in_foreground', models.BooleanField(default=False)),
                ('attempt', models.PositiveIntegerField(default=0)),
                ('attempt_limit', models.PositiveIntegerField(default=jobs.models.usual_attempts)),
                ('stage', models.CharField(blank=True, max_length=80)),
                ('done', models.BigIntegerField(default=0)),
                ('total', models.BigIntegerField(null=True)),
                ('failure', models.CharField(blank=True, choices=[('refused', 'it was asked for something impossible'), ('memory', 'out of memory'), ('time', 'timed out'), ('lost', 'the worker was lost'), ('database', 'the database was gone'), ('disk', 'no space left'), ('unexpected', 'something unexpected')], max_length=10)),
                ('error', models.TextField(blank=True)),
                ('worker', models.CharField(blank=True, max_length=100)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('sent_at', models.DateTimeField(null=True)),
                ('started_at', models.DateTimeField(null=True)),
                ('deadline_at', models.DateTimeField(null=True)),
                ('stage_started_at', models.DateTimeField(null=True)),
                ('heartbeat_at', models.DateTimeField(null=True)),
                ('cancel_requested_at', models.DateTimeField(null=True)),
                ('finished_at', models.DateTimeField(null=True)),
                ('created_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-id'],
                'indexes': [models.Index(condition=models.Q(('state__in', ['queued', 'running'])), fields=['state', 'id'], name='job_active'), models.Index(condition=models.Q(('state__in', ['queued', 'running'])), fields=['created_by'], name='job_active_of_user')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('state__in', ['queued', 'running']), models.Q(('key', ''), _negated=True)), fields=('key',), name='job_one_active_of_key'), models.UniqueConstraint(condition=models.Q(('state', 'running'), models.Q(('lane', ''), _negated=True)), fields=('lane',), name='job_one_running_in_lane'), models.CheckConstraint(condition=models.Q(models.Q(('finished_at__isnull', True), ('state__in', ['queued', 'running'])), models.Q(('finished_at__isnull', False), ('state__in', ['succeeded', 'failed', 'cancelled'])), _connector='OR'), name='job_finished_at_when_finished'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'running'), _negated=True), models.Q(('attempt__gt', 0), ('heartbeat_at__isnull', False)), _connector='OR'), name='job_running_has_heartbeat'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'queued'), _negated=True), ('cancel_requested_at', None), _connector='OR'), name='job_queued_is_wanted'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'failed'), models.Q(('failure', ''), _negated=True), models.Q(('error', ''), _negated=True)), models.Q(models.Q(('state', 'failed'), _negated=True), ('error', ''), ('failure', '')), _connector='OR'), name='job_failed_has_reason')],
            },
        ),
    ]
