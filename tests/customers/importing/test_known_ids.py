"""Customers whom the dataset has already must not come in once more under ids written in another way."""

import json

import pytest
from django.core.management import CommandError

from customers.models import Customer

KNOWN = [f"{1000 + number}" for number in range(40)]


def table(ids):
    return "CustomerID,Age\n" + "".join(f'"{each}",{20 + row}\n' for row, each in enumerate(ids))


DRESSES = {
    "zeros in front": lambda each: f"00{each}",
    "a prefix": lambda each: f"C-{each}",
    "a word in front": lambda each: f"Customer {each}",
    "thousands": lambda each: f"{each[0]}.{each[1:]}",
    "full width": lambda each: each.translate(str.maketrans("0123456789", "０１２３４５６７８９")),
    "a hash": lambda each: f"#{each}",
}


@pytest.mark.parametrize("dress", DRESSES.values(), ids=DRESSES)
@pytest.mark.parametrize("is_dressed_first", [False, True])
def test_known_customers_in_another_dress_are_asked_about(import_file, dress, is_dressed_first):
    files = [table(KNOWN), table(map(dress, KNOWN))]
    first, second = reversed(files) if is_dressed_first else files
    assert import_file(first).created_count == 40
    done = import_file(second)
    assert done.job.state == "failed"
    assert "look like ones that you have" in done.job.error
    assert "--confirm ids" in done.job.error


@pytest.mark.parametrize("change", [str.upper, str.title])
def test_so_are_those_in_other_letters(import_file, change):
    import_file(table(f"ab{each}x" for each in KNOWN))
    assert import_file(table(change(f"ab{each}x") for each in KNOWN)).job.state == "failed"


@pytest.mark.parametrize(
    "second",
    [
        [f"{5000 + number}" for number in range(40)],  # next month's customers
        [*KNOWN, *(f"0{each}" for each in KNOWN[:10])],  # most of them are known
        [f"A{number}" for number in range(40)],
        KNOWN[:2],
    ],
)
def test_other_customers_are_not(import_file, second):
    import_file(table(KNOWN))
    assert import_file(table(second)).job.state == "succeeded"


def test_addresses_that_came_in_with_capitals_stay_as_they_are(import_file, dataset):
    import_file(table(f"person{each}@shop.example" for each in KNOWN))
    dataset.refresh_from_db()
    for customer in Customer.objects.of(dataset):  # as an earlier release stored them
        Customer.objects.filter(pk=customer.pk).update(customer_id=customer.customer_id.title())
    done = import_file(table(f"Person{each}@Shop.Example" for each in KNOWN))
    assert (done.created_count, done.unchanged_count) == (0, 40)


def test_somebody_may_say_that_they_are_new(command, write, import_file, customers):
    import_file(table(KNOWN))
    path = write(table(f"C{each}" for each in KNOWN), "second.csv")
    with pytest.raises(CommandError, match="--confirm ids"):
        command("import_customers", str(path), "--dataset", "Shop")
    said = json.loads(
        command("import_customers", str(path), "--dataset", "Shop", "--confirm", "ids", "--json")
    )
    assert said["created"] == 40
    assert len(customers()) == 80
