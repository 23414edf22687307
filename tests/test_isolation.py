"""No test sees what another one left in the database."""

import pytest
from django.contrib.auth.models import Group
from django.db import connection

from audit.models import AuditEvent
from customers.models import Customer, Dataset
from jobs.models import Job

pytestmark = pytest.mark.django_db(transaction=True)


def test_committed_rows_are_removed(django_db_setup, shop, execute_a_run, analyst):
    execute_a_run(shop)
    AuditEvent.objects.create(action="run")
    assert Customer.objects.exists()
    django_db_setup.restore()
    for model in (AuditEvent, Customer, Dataset, Job, type(analyst)):
        assert not model.objects.exists()


def test_rows_from_migrations_are_restored(django_db_setup):
    before = set(Group.objects.values_list("pk", "name", "permissions"))
    assert before
    Group.objects.get(name="Viewer").delete()
    Group.objects.filter(name="Analyst").update(name="Analysts")
    Group.objects.create(name="Guest")
    django_db_setup.restore()
    assert set(Group.objects.values_list("pk", "name", "permissions")) == before


def test_new_tables_are_dropped(django_db_setup, shop):
    partition = f"customers_customer_{shop.current_version_id}"
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE left_behind (number int)")
        assert there(cursor, "left_behind", partition) == (True, True)
        django_db_setup.restore()
        assert there(cursor, "left_behind", partition) == (False, False)


def there(cursor, *tables):
    cursor.execute("SELECT to_regclass(%s) IS NOT NULL, to_regclass(%s) IS NOT NULL", tables)
    return cursor.fetchone()
