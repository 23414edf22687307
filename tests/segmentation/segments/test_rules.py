"""The rule of a run puts every customer where the run did: in PostgreSQL, in a spreadsheet, from its JSON."""

import io
import json
import math
import re
import zipfile
from datetime import date
from xml.etree import ElementTree

import ironcalc
import numpy as np
import pytest
import sqlglot
from django.core.management import CommandError, call_command
from django.db import connection
from django.urls import reverse
from psycopg import sql
from sqlglot import exp

from customers.exports.xlsx import MAIN
from customers.models import Customer
from segmentation.analysis.results import from_json
from segmentation.analysis.rules.model import NO_LABEL, FrozenModel, ModelColumn
from segmentation.analysis.rules.spreadsheet import lay_out, write_formulas
from segmentation.analysis.rules.sql import DIALECTS, write_sql
from segmentation.exports.rule_workbook import write_workbook
from segmentation.models import ClusterAssignment, SegmentationRun
from segmentation.segments.rules import model_of, rule_as_json, write_rule_as_sql, write_rule_as_workbook

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
        "k_max": 5,
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


def by_query(run):
    """The segment of each customer whom the query names."""
    query = write_rule_as_sql(run, dialect="postgresql", table="crm.people", id_column="number")
    with connection.cursor() as cursor:
        cursor.execute(query.replace("%", "%%"))
        return {customer: (number, name) for customer, number, name in cursor.fetchall()}


def people(run):
    """The customers of one's own table: id, and the values of the model's attributes."""
    wanted = sql.SQL(", ").join(map(sql.Identifier, ["number", *lay_out(model_of(run)).given]))
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("SELECT {} FROM crm.people ORDER BY number").format(wanted))
        return {number: values for number, *values in cursor.fetchall()}


def fill_in(book, row, values):
    for column, value in enumerate(values, start=1):
        if isinstance(value, float):
            book.update_cell_with_number(0, row, column, value)
        elif value is not None:
            book.update_cell_with_text(0, row, column, value)


def by_spreadsheet(run):
    """The segment of each customer by the formulas, copied down; those without one are left out."""
    model, names = model_of(run), [cluster.segment.name for cluster in run.clusters.order_by("label")]
    sheet, book = lay_out(model), ironcalc.create("rule", "en", "UTC", "en")
    rows = people(run)
    for row, values in enumerate(rows.values(), start=2):
        fill_in(book, row, values)
        formulas = write_formulas(model, names, row=row)
        for column, formula in enumerate(formulas, start=len(sheet.given) + 1):
            book.update_cell_with_formula(0, row, column, formula)
    book.evaluate()
    width = len(sheet.header)
    told = {
        customer: tuple(book.get_cell_value(0, row, column) for column in (width - 1, width))
        for row, customer in enumerate(rows, start=2)
    }
    return {customer: answer for customer, answer in told.items() if answer != ("", "")}


def by_json(run):
    """The segment of each customer as a developer would find it with the JSON alone."""
    rule = rule_as_json(run)
    given = list(dict.fromkeys(column["attribute"] for column in rule["columns"]))
    answers = {}
    for customer, values in people(run).items():
        known = dict(zip(given, values, strict=True))
        point = [scaled(column, known[column["attribute"]]) for column in rule["columns"]]
        if None not in point:
            nearest = min(rule["segments"], key=lambda each: math.dist(point, each["centroid"]))
            answers[customer] = nearest["number"], nearest["name"]
    return answers


def scaled(column, value):
    if value is None or value == "":
        value = column.get("filled")
    elif column.get("value") is not None:
        value = float(value == column["value"])
    elif column.get("reference") is not None:
        value = float((date.fromisoformat(column["reference"]) - date.fromisoformat(value)).days)
    if value is None:
        return None
    value = math.log1p(value) if column["is_log1p"] else value
    return (value - column["center"]) / column["scale"]


@pytest.mark.usefixtures("no_schema_is_left")
@pytest.mark.parametrize("case", list(CASES))
def test_every_form_of_the_rule_puts_everybody_where_the_run_did(dataset, execute_a_run, case):
    run = execute_a_run(dataset, **CASES[case])
    labels = dict(ClusterAssignment.objects.filter(run=run).values_list("customer_id", "label"))
    names = {cluster.label: cluster.segment.name for cluster in run.clusters.select_related("segment")}
    assigned = {customer: (label + 1, names[label]) for customer, label in labels.items()}
    own_table(dataset)
    for answers in (by_query(run), by_spreadsheet(run), by_json(run)):
        assert {customer: answers[customer] for customer in assigned} == assigned
        # Beyond these only exceptions, who would be in a segment if they had not been set aside.
        assert len(answers) - len(assigned) == run.left_out["set_aside"]


def cells_of(workbook):
    """What stands in each cell of the only sheet: texts and formulas."""
    with zipfile.ZipFile(io.BytesIO(workbook)) as archive:
        sheet = ElementTree.fromstring(archive.read("xl/worksheets/sheet1.xml"))  # noqa: S314 -- our own
    return {cell.get("r"): "".join(cell.itertext()) for cell in sheet.iter(f"{{{MAIN}}}c")}


def test_the_workbook_has_a_header_and_a_row_of_formulas():
    columns = (ModelColumn("Income", filled=1.5), ModelColumn("<Town>", value="R&D\x02 <A>"))
    model = FrozenModel(columns, ((0.0, 1.0), (1.0, 0.0)))
    cells = cells_of(write_workbook(model, ["A & B", "C"]))
    assert [cells[f"{letter}1"] for letter in "ABCDH"] == [
        "Income",
        "<Town>",
        "prepared 1",
        "prepared 2",
        "segment name",
    ]
    formulas = [f"={cells[f'{letter}2']}" for letter in "CDEFGH"]
    assert formulas == write_formulas(model, ["A & B", "C"], row=2)
    assert len(cells) == 14


@pytest.mark.parametrize(
    ("written", "expected"), [("2026-02-27", 2.0), ("1850-02-27", 64_285.0), (46080.0, 2.0), (46080.9, 2.0)]
)
def test_the_formulas_read_dates_as_text_and_as_a_spreadsheet_has_them(written, expected):
    column = ModelColumn("Last order", reference="2026-03-01")
    model = FrozenModel((column,), ((0.0,),))
    book = ironcalc.create("rule", "en", "UTC", "en")
    fill_in(book, 2, [written])
    book.update_cell_with_formula(0, 2, 2, write_formulas(model, ["All"], row=2)[0])
    book.evaluate()
    assert book.get_cell_value(0, 2, 2) == expected


@pytest.mark.parametrize("value", ['7" or "longer"', "Köln", "a\nb", "\n", "x" * 700, '"' * 300, "=1+1"])
def test_a_text_within_a_formula_is_the_text(value):
    model = FrozenModel((ModelColumn("Town", value=value),), ((0.0,), (1.0,)))
    book = ironcalc.create("rule", "en", "UTC", "en")
    for row, text in ((2, value), (3, value.upper() + "?")):
        fill_in(book, row, [text])
        book.update_cell_with_formula(0, row, 2, write_formulas(model, ["A", "B"], row=row)[0])
    book.evaluate()
    assert [book.get_cell_value(0, row, 2) for row in (2, 3)] == [1.0, 0.0]


@pytest.mark.parametrize("dialect", ["postgresql", "bigquery", "snowflake"])
def test_every_dialect_is_understood_by_a_parser_of_it(dialect):
    columns = (
        ModelColumn('Spend "€"', is_log1p=True, center=1.5, scale=0.3),
        ModelColumn("Last order", reference="2026-03-01", filled=3.0),
        *(ModelColumn("Town", value=town, filled=0.0) for town in ("L'Aquila", "a\\b", 'say "`"')),
    )
    model = FrozenModel(columns, ((-1.0, 0.5, 0.0, 0.0, 1.0), (1e-7, 2.0, 1.0, 0.0, 0.0)))
    query = write_sql(model, ["It's", "A\\B"], dialect=DIALECTS[dialect], table="crm.people", id_column="no")
    name = "postgres" if dialect == "postgresql" else dialect
    (parsed,) = sqlglot.parse(query, dialect=name, error_level=sqlglot.ErrorLevel.RAISE)
    assert [column.alias_or_name for column in parsed.selects] == ["id", "segment_number", "segment_name"]
    assert {column.name for column in parsed.find_all(exp.Column)} >= {
        'Spend "€"',
        "Last order",
        "Town",
        "no",
    }
    texts = {literal.this for literal in parsed.find_all(exp.Literal) if literal.is_string}
    assert texts >= {"L'Aquila", "a\\b", 'say "`"', "It's", "A\\B"}


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
    names = {segment["neutral_name"] for segment in rule["segments"]}
    assert len(names) == 4
    assert all(re.fullmatch(r"[A-Z]+ 20\d\d", name) for name in names)


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


def test_the_command_writes_a_workbook_to_a_file(dataset, execute_a_run, tmp_path):
    run = execute_a_run(dataset, **CASES["two numbers"])
    with pytest.raises(CommandError, match="add --output FILE"):
        call_command("rules", str(run.pk), "--format", "spreadsheet")
    call_command("rules", str(run.pk), "--format", "spreadsheet", "--output", str(tmp_path / "rule.xlsx"))
    assert (tmp_path / "rule.xlsx").read_bytes() == write_rule_as_workbook(run)


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
    for form in ("postgresql", "bigquery", "snowflake", "spreadsheet", "json"):
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
