"""The rule of a run puts every customer where the run did: in PostgreSQL, and from its JSON."""

import json

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.urls import reverse
from psycopg import sql

from customers.models import Customer
from segmentation.analysis.results import from_json
from segmentation.analysis.rules.model import NO_LABEL, FrozenModel
from segmentation.models import ClusterAssignment, SegmentationRun
from segmentation.segments.rules import rule_as_json, write_rule_as_sql

# Runs have a heartbeat on a separate connection, which only sees what is committed.
pytestmark = pytest.mark.django_db(transaction=True)

N = 300
RNG = np.random.default_rng(0)
SPEND = 'Spend "€"'
NUMBERS = {
    "Income": RNG.normal(50, 12, N).round(1).tolist(),
    "Score": [None if each < 0.1 else 100 * each for each in RNG.random(N).round(3).tolist()],
    SPEND: RNG.lognormal(3, 1.4, N).round(2).tolist(),
    "Year": (1e9 + RNG.integers(0, 50, N)).tolist(),
}
DATES = [f"2026-{1 + number % 12:02}-{1 + number % 28:02}" for number in RNG.integers(0, 336, N)]
TOWNS = RNG.choice(["Köln", "L'Aquila", "a\\b", "Ulm"], N, p=[0.5, 0.3, 0.15, 0.05]).tolist()
PLANS = [None if number % 9 == 0 else plan for number, plan in enumerate(RNG.choice(["A", "B"], N).tolist())]
CASES = {
    "two numbers": {"features": ["Income", "Year"], "k": 4},
    "missing left out": {"features": ["Income", "Score"], "k": 5},
    "medians": {"features": ["Income", "Score"], "k": 5, "missing": "median"},
    "logarithms": {"features": ["Income", SPEND], "k": 4, "log1p": [SPEND]},
    "logarithm and median": {"features": [SPEND, "Score"], "k": 3, "log1p": [SPEND], "missing": "median"},
    "a text": {"features": ["Income"], "one_hot": ["Town"], "k": 6},
    "two texts and medians": {
        "features": ["Score"],
        "one_hot": ["Town", "Plan"],
        "k": 5,
        "missing": "median",
    },
    "a date": {"features": ["Income", "Last order"], "k": 4},
    "stretched": {"features": ["Income", SPEND, "Year"], "k": 7, "scaling": "min-max"},
    "robust": {"features": ["Income", SPEND], "k": 3, "scaling": "robust", "log1p": []},
    "unscaled": {"features": ["Income", "Year"], "k": 2, "scaling": "none"},
    "exceptions set aside": {"features": ["Income", SPEND], "k": 3, "outliers": "set-aside", "log1p": []},
    "one segment": {"features": ["Income", "Year"], "k": 1},
}


@pytest.fixture
def dataset(make_dataset, give_texts):
    columns = {name: list(values) for name, values in NUMBERS.items()}
    columns[SPEND][7] = 9e6
    dataset = make_dataset(columns)
    give_texts(dataset, "date", "Last order", DATES)
    give_texts(dataset, "text", "Town", TOWNS)
    give_texts(dataset, "text", "Plan", PLANS)
    return dataset


def own_table(dataset):
    """The customers as somebody else may have them: a table with a column for each attribute."""
    kinds = {"number": "numbers", "text": "texts", "date": "texts"}
    columns = [
        sql.SQL("{}[{}] AS {}").format(
            sql.Identifier(kinds[each.kind]), sql.Literal(each.position + 1), sql.Identifier(each.name)
        )
        for each in dataset.attributes.all()
    ]
    with connection.cursor() as cursor:
        cursor.execute("CREATE SCHEMA IF NOT EXISTS crm")
        cursor.execute("DROP TABLE IF EXISTS crm.people")
        query = sql.SQL("CREATE TABLE crm.people AS SELECT id AS number, {} FROM {} WHERE version_id = {}")
        cursor.execute(
            query.format(
                sql.SQL(", ").join(columns),
                sql.Identifier(Customer._meta.db_table),
                sql.Literal(dataset.current_version_id),
            )
        )


@pytest.fixture
def no_schema_is_left(db):
    yield
    with connection.cursor() as cursor:
        cursor.execute("DROP SCHEMA IF EXISTS crm CASCADE")


@pytest.mark.usefixtures("no_schema_is_left")
@pytest.mark.parametrize("case", list(CASES))
def test_the_query_puts_everybody_where_the_run_did(dataset, execute_a_run, case):
    run = execute_a_run(dataset, **CASES[case])
    assigned = dict(ClusterAssignment.objects.filter(run=run).values_list("customer_id", "label"))
    own_table(dataset)
    query = write_rule_as_sql(run, dialect="postgresql", table="crm.people", id_column="number")
    with connection.cursor() as cursor:
        cursor.execute(query.replace("%", "%%"))
        rows = cursor.fetchall()
    found = {customer: number - 1 for customer, number, _name in rows}
    assert {customer: found[customer] for customer in assigned} == assigned
    # Beyond these only exceptions, who would be in a segment if they had not been set aside.
    assert len(found) - len(assigned) == run.left_out["set_aside"]
    names = {cluster.label: cluster.segment.name for cluster in run.clusters.select_related("segment")}
    assert {number - 1: name for _customer, number, name in rows} == names


def test_the_model_read_back_from_json_assigns_alike(dataset, execute_a_run):
    run = execute_a_run(dataset, **CASES["missing left out"])
    model = from_json(FrozenModel, json.loads(json.dumps(run.model)))
    values = np.array([NUMBERS["Income"], NUMBERS["Score"]], dtype=float).T
    labels = dict(enumerate(model.assign(values).tolist(), start=1))
    assigned = dict(ClusterAssignment.objects.filter(run=run).values_list("customer_id", "label"))
    assert {customer: label for customer, label in labels.items() if label != NO_LABEL} == assigned


def test_the_rule_as_json_names_columns_and_segments(dataset, execute_a_run):
    run = execute_a_run(dataset, **CASES["a date"])
    rule = rule_as_json(run)
    assert [column["attribute"] for column in rule["columns"]] == ["Income", "Last order"]
    assert rule["columns"][1]["reference"] == max(DATES)
    assert [segment["number"] for segment in rule["segments"]] == [1, 2, 3, 4]
    assert all(len(segment["centroid"]) == 2 for segment in rule["segments"])


def test_the_command_prints_the_rule(dataset, execute_a_run, capsys):
    run = execute_a_run(dataset, **CASES["a text"])
    call_command("rules", str(run.pk), "--table", "crm.people", "--id-column", "number")
    assert 'FROM "crm"."people"' in capsys.readouterr().out
    call_command("rules", str(run.pk), "--dialect", "bigquery")
    assert "WHEN `Town` = 'L\\'Aquila' THEN 1.0" in capsys.readouterr().out
    call_command("rules", str(run.pk), "--dialect", "snowflake")
    assert "WHEN \"Town\" = 'a\\\\b' THEN 1.0" in capsys.readouterr().out
    call_command("rules", str(run.pk), "--format", "json")
    assert json.loads(capsys.readouterr().out)["run"] == run.pk


@pytest.mark.parametrize("is_of_old", [False, True])
def test_without_a_rule_the_command_says_why(dataset, execute_a_run, is_of_old):
    run = execute_a_run(dataset, **CASES["two numbers"])
    SegmentationRun.objects.filter(pk=run.pk).update(model={})
    with pytest.raises(CommandError, match="Run it again" if is_of_old else "no finished run") as refused:
        call_command("rules", str(run.pk if is_of_old else 999_999))
    assert refused.value.returncode == 2


def test_the_rule_is_downloaded_from_the_runs_page(dataset, execute_a_run, analyst_client, viewer_client):
    run = execute_a_run(dataset, **CASES["two numbers"])
    page = analyst_client.get(run.get_absolute_url()).content.decode()
    for form in ("postgresql", "bigquery", "snowflake", "json"):
        address = reverse("segmentation:run-rule", args=[run.pk, form])
        assert address in page
        assert viewer_client.get(address).status_code == 403
        answer = analyst_client.get(address)
        assert f'filename="segments-run-{run.pk}-{form}.' in answer["Content-Disposition"]
    assert answer.json() == rule_as_json(run)
    assert (
        b"-- Segments"
        in analyst_client.get(reverse("segmentation:run-rule", args=[run.pk, "bigquery"])).content
    )


def test_a_run_of_an_earlier_release_says_on_its_page_why_it_has_no_rule(
    dataset, execute_a_run, analyst_client
):
    run = execute_a_run(dataset, **CASES["two numbers"])
    SegmentationRun.objects.filter(pk=run.pk).update(model={})
    answer = analyst_client.get(reverse("segmentation:run-rule", args=[run.pk, "json"]), follow=True)
    assert b"kept no rule. Run it again." in answer.content
