import json

import pytest
from django.core.management import CommandError

from customers.models import CustomerImport, Dataset
from jobs.models import Job


def test_json_is_one_object_and_nothing_else(command, write, transactional_db):
    path = write("CustomerID,Age\n1,30\n2,x\n")
    said = json.loads(command("import_customers", str(path), "--dataset", "Shop", "--json"))
    seconds = said.pop("seconds")
    assert seconds > 0
    assert said == {
        "import": CustomerImport.objects.get().pk,
        "dataset": "Shop",
        "read": 2,
        "created": 1,
        "updated": 0,
        "unchanged": 0,
        "rejected": 1,
        "emptied": 0,
        "warnings": [],
    }


def test_the_report_names_line_column_and_reason(command, write, transactional_db):
    path = write("CustomerID,Age\n1,30\n2,x\n")
    said = command("import_customers", str(path), "--dataset", "Shop")
    assert "2 read, 1 created, 0 updated, 0 unchanged, 1 rejected" in said
    assert "line 3, Age “x”: This is not a number." in said


@pytest.mark.parametrize(
    ("content", "options", "sentence"),
    [
        ("", [], "The file is empty"),
        ("CustomerID,Age\n", [], "no customers below it"),
        ("Age,Income\n1,2\n", [], "--map"),
        ("id,Account\n1,2\n", ["--map", "Nothing=id"], "no column “Nothing”"),
        ("CustomerID,Age\n1,2\n", ["--map", "Age"], "--map takes"),
        ("CustomerID,Client ID\n1,1\n2,2\n", [], "could be the customer id"),
        ('CustomerID,Spend\n1,"1,234"\n', [], "--decimal"),
        ("CustomerID,Age\n1,2\n", ["--encoding", "klingon"], "no such encoding"),
    ],
)
def test_what_cannot_be_imported_is_refused_and_leaves_nothing(
    command, write, transactional_db, content, options, sentence
):
    with pytest.raises(CommandError, match=sentence) as refusal:
        command("import_customers", str(write(content)), "--dataset", "Shop", *options)
    assert refusal.value.returncode == 2
    assert not Dataset.objects.exists()
    assert not Job.objects.exists()


def test_a_refused_file_leaves_a_dataset_as_it_was(command, write, import_file, dataset, customers):
    import_file("CustomerID,Age\n1,30\n")
    with pytest.raises(CommandError, match="empty"):
        command("import_customers", str(write("")), "--dataset", "Shop")
    assert customers() == {"1": [30.0]}
    assert CustomerImport.objects.count() == 1


def test_a_mapping_on_the_command_line_decides(command, write, transactional_db):
    path = write("Key,A=B,Rest\nx,1,2\n")
    command(
        "import_customers", str(path), "--dataset", "Shop",
        "--map", "Key=id", "--map", "A=B=text:Letters", "--map", "Rest=skip",
    )  # fmt: skip
    assert list(Dataset.objects.get().attributes.values_list("name", "kind")) == [("Letters", "text")]


def test_a_file_that_is_not_there_is_refused(command, transactional_db):
    with pytest.raises(CommandError, match="cannot be read"):
        command("import_customers", "/nowhere/customers.csv", "--dataset", "Shop")
    assert not Dataset.objects.exists()
