"""What an import asks before it publishes: values times ten, or in other units."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management.base import CommandError
from django.urls import reverse

from customers.importing.execute import execute_import
from customers.importing.pipeline import start_import
from tests.customers.views.test_imports import begin, upload


def table(values, header="Spend", ids=None):
    ids = ids or [f"C{number}" for number in range(len(values))]
    rows = [f'"{customer_id}","{value}"' for customer_id, value in zip(ids, values, strict=True)]
    return "\n".join([f"Customer ID,{header}", *rows])


SPENT = [500, 1500, 2500, 3500, 12, 40]


@pytest.mark.parametrize("factor", [10, 100, 1000, 0.1, 0.01, 0.001])
def test_values_times_one_factor_are_asked_about(import_file, customers, factor):
    import_file(table(SPENT))
    done = import_file(table([value * factor for value in SPENT]))
    assert f"“Spend” would be {factor:g} times as much for 6 of 6 customers compared" in done.job.error
    assert "--confirm factor" in done.job.error
    assert customers()["C0"] == [500]
    confirmed = import_file(table([value * factor for value in SPENT]), confirmed=("factor",))
    assert (confirmed.job.state, confirmed.updated_count) == ("succeeded", 6)


def test_a_factor_of_most_changes_is_asked_about_though_some_values_stay(import_file):
    import_file(table(SPENT))
    done = import_file(table([500, 1.5, 2.5, 3.5, 12, 40]))
    assert "for example 1.5 after 1500" in done.job.error


@pytest.mark.parametrize(
    "after", [[550, 1500, 2600, 3500, 12, 41], [5000, 1500, 2500, 3500, 12, 40], SPENT, [7] * 6]
)
def test_values_that_change_otherwise_are_not_asked_about(import_file, after):
    import_file(table(SPENT))
    assert import_file(table(after)).job.state == "succeeded"


def test_a_factor_is_found_in_a_file_of_some_customers_in_another_order(import_file):
    import_file(table(range(1, 3001)))
    ids = [f"C{number}" for number in range(2000, 1000, -1)]
    done = import_file(table([100 * (int(one[1:]) + 1) for one in ids], ids=ids))
    assert "100 times as much" in done.job.error


def test_another_unit_is_asked_about(import_file):
    import_file(table(["5 €", "7 €"]))
    assert import_file(table(["6 EUR", "7 EUR"])).job.state == "succeeded"
    done = import_file(table(["$5", "$8"]))
    assert "“Spend” has been in € so far, and this file has it in $" in done.job.error
    assert import_file(table(["$5", "$8"]), confirmed=("units",)).job.state == "succeeded"


def test_a_doubt_is_answered_on_the_page(analyst_client, dataset, import_file, customers):
    import_file(table(SPENT))
    page = begin(analyst_client, upload(analyst_client, dataset, table([value * 100 for value in SPENT])))
    waiting = page.context["customer_import"]
    execute_import(waiting.job_id)
    page = analyst_client.get(waiting.get_absolute_url())
    assert "100 times as much" in page.content.decode()
    assert "import it all the same" in page.content.decode()
    address = reverse("customers:import-begin", args=[waiting.pk])
    page = analyst_client.post(address, {"action": "confirm"}, follow=True)
    assert b"Waiting for a worker" in page.content
    execute_import(waiting.job_id)
    assert customers()["C0"] == [50_000]
    analyst_client.post(address, {"action": "confirm"})  # a second click changes nothing
    waiting.refresh_from_db()
    assert waiting.job.state == "succeeded"


def test_a_file_refused_for_another_reason_cannot_be_confirmed(analyst_client, dataset):
    done = start_import(dataset, SimpleUploadedFile("a.csv", b"Age,City\n1,x\n"), "a.csv")
    execute_import(done.job_id)
    page = analyst_client.get(done.get_absolute_url())
    assert "import it all the same" not in page.content.decode()
    analyst_client.post(reverse("customers:import-begin", args=[done.pk]), {"action": "confirm"})
    done.refresh_from_db()
    assert done.job.state == "failed"


def test_the_command_ends_with_2_and_names_the_option(command, tmp_path, transactional_db):
    path = tmp_path / "customers.csv"
    path.write_text(table(SPENT))
    command("import_customers", str(path), "--dataset", "Shop")
    path.write_text(table([value * 10 for value in SPENT]))
    with pytest.raises(CommandError, match="--confirm factor") as refused:
        command("import_customers", str(path), "--dataset", "Shop")
    assert refused.value.returncode == 2
    assert "6 updated" in command("import_customers", str(path), "--dataset", "Shop", "--confirm", "factor")
