"""A run's segments as one SQL query over one's own table: who is in which, exactly as in the run."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from segmentation.analysis.rules.model import FrozenModel, ModelColumn


@dataclass(frozen=True)
class Dialect:
    """How a database writes what differs from one to the other.

    `days_before` is the number of days from a date, an expression, to a day in ISO text.
    """

    name: str
    quote: str
    number: str
    days_before: Callable[[str, str], str]


POSTGRESQL = Dialect(
    "PostgreSQL", '"', "double precision", lambda date, day: f"DATE '{day}' - ({date})::date"
)
BIGQUERY = Dialect(
    "BigQuery", "`", "FLOAT64", lambda date, day: f"DATE_DIFF(DATE '{day}', CAST({date} AS DATE), DAY)"
)
SNOWFLAKE = Dialect(
    "Snowflake", '"', "DOUBLE", lambda date, day: f"DATEDIFF('day', CAST({date} AS DATE), DATE '{day}')"
)
DIALECTS = {"postgresql": POSTGRESQL, "bigquery": BIGQUERY, "snowflake": SNOWFLAKE}


def write_sql(
    model: FrozenModel, names: Sequence[str], *, dialect: Dialect, table: str, id_column: str
) -> str:
    """Return the query.

    Its rows are the customers who have every value: their id, and the number and name of their segment. A
    customer's score for a segment is largest where the distance to its centroid is smallest.

    Parameters
    ----------
    model : FrozenModel
    names : sequence of str
        The segments' names by label; their numbers count from 1.
    dialect : Dialect
    table, id_column : str
        Where the customers are, with columns that are called like the attributes, and what tells them apart.
    """
    columns = ",\n".join(
        f"    {_prepared(column, dialect)} AS f{place}" for place, column in enumerate(model.columns, start=1)
    )
    scores = ",\n".join(f"    {score} AS s{number}" for number, score in enumerate(_scores(model), start=1))
    complete = " AND ".join(f"f{place} IS NOT NULL" for place in range(1, len(model.columns) + 1))
    k = len(model.centroids)
    told = [_text(name, dialect) for name in names]
    return (
        f"-- Segments as a run of Segmenter found them, for {dialect.name}.\n"
        f"WITH prepared AS (\n  SELECT\n    {_named(id_column, dialect)} AS id,\n{columns}\n"
        f"  FROM {_path(table, dialect)}\n"
        f"),\nscored AS (\n  SELECT\n    id,\n{scores}\n  FROM prepared\n  WHERE {complete}\n)\n"
        f"SELECT\n  id,\n  {_largest([str(number) for number in range(1, k + 1)])} AS segment_number,\n"
        f"  {_largest(told)} AS segment_name\nFROM scored;\n"
    )


def _prepared(column: ModelColumn, dialect: Dialect) -> str:
    """The column in scaled units; NULL where a value is missing and none stands in."""
    name = _named(column.attribute, dialect)
    if column.value is not None:
        missing = "NULL" if column.filled is None else repr(column.filled)
        said = f"CASE WHEN {name} = {_text(column.value, dialect)} THEN 1.0"
        value = f"{said} WHEN {name} IS NULL OR {name} = '' THEN {missing} ELSE 0.0 END"
    else:
        value = dialect.days_before(name, column.reference) if column.reference else name
        value = f"CAST({value} AS {dialect.number})"
        value = value if column.filled is None else f"COALESCE({value}, {column.filled!r})"
    value = f"LN(1 + {value})" if column.is_log1p else value
    return f"({value} - {_signed(column.center)}) / {column.scale!r}"


def _scores(model: FrozenModel) -> Iterator[str]:
    """Of each centroid c the sum over the features of x·c, less half of the square of c."""
    for centroid in model.centroids:
        terms = [f"{_signed(value)} * f{place}" for place, value in enumerate(centroid, start=1)]
        half = 0.5 * sum(value * value for value in centroid)
        yield f"{' + '.join(terms)} - {half!r}"


def _largest(answers: Sequence[str]) -> str:
    """The answer that belongs to the largest score, the first of equals."""
    k = len(answers)
    if k == 1:
        return answers[0]
    cases = "".join(
        f"\n    WHEN {' AND '.join(f's{number} >= s{other}' for other in range(number + 1, k + 1))}"
        f" THEN {answers[number - 1]}"
        for number in range(1, k)
    )
    return f"CASE{cases}\n    ELSE {answers[-1]}\n  END"


def _signed(value: float) -> str:
    return f"({value!r})" if value < 0 else repr(value)


def _named(name: str, dialect: Dialect) -> str:
    if dialect.quote == "`":
        return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"
    return '"' + name.replace('"', '""') + '"'


def _path(table: str, dialect: Dialect) -> str:
    """The table's name, with the schema's before a dot."""
    return ".".join(_named(part, dialect) for part in table.split("."))


def _text(value: str, dialect: Dialect) -> str:
    if dialect is POSTGRESQL:
        return "'" + value.replace("'", "''") + "'"
    if dialect is BIGQUERY:
        return "'" + value.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n") + "'"
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"
