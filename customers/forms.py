"""Forms of the customers' pages, in words a marketer understands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile

from customers.importing.dates import ORDERS
from customers.importing.errors import ImportRefusedError
from customers.importing.figures import SYMBOLS
from customers.importing.mapping import ColumnMapping, check_mapping
from customers.importing.scanning import ENCODINGS
from customers.models import Dataset

USES = [
    ("id", "customer id"),
    ("number", "number"),
    ("text", "text"),
    ("date", "date"),
    ("skip", "leave out"),
]
NUMBERS = {
    ".|": "1234.5",
    ",|": "1234,5",
    ".|,": "1,234.5",
    ",|.": "1.234,5",
    ".| ": "1 234.5",
    ",| ": "1 234,5",
    ".|'": "1'234.5",
}
WRITTEN = [("Numbers", list(NUMBERS.items())), ("Dates", [(key, text) for key, (_, text) in ORDERS.items()])]
# A page with more columns than this asks for the use of each and nothing else.
DETAILED_COLUMNS = 100


class DatasetForm(forms.ModelForm):
    class Meta:
        model = Dataset
        fields = ["name"]
        help_texts = {"name": "Customers that belong together: a shop, a brand, a country."}


class UploadForm(forms.Form):
    file = forms.FileField(
        label="File",
        help_text="CSV with one row a customer and a line of headers, as your shop or Excel exports it. "
        "Packed with gzip is fine too.",
        widget=forms.FileInput(attrs={"accept": ".csv,.tsv,.txt,.gz,.xlsx"}),
    )

    def clean_file(self) -> UploadedFile:
        file: UploadedFile = self.cleaned_data["file"]
        if not file.name:
            raise forms.ValidationError("The file needs a name.")
        return file


class ReadingForm(forms.Form):
    """How the file is read and what its import does, beside the uses of its columns."""

    sheet = forms.ChoiceField(label="Sheet", required=False)
    encoding = forms.ChoiceField(choices=list(ENCODINGS.items()), label="Characters", required=False)
    delimiter = forms.ChoiceField(
        choices=[(",", "comma"), (";", "semicolon"), ("\t", "tab"), ("|", "bar |"), (":", "colon")],
        label="Columns are separated by",
        required=False,
        widget=forms.Select,
    )
    clears_missing = forms.BooleanField(
        required=False, label="An empty cell clears the value that was known before (else it is kept)"
    )
    replaces = forms.BooleanField(
        required=False, label="Customers who are not in the file leave the dataset (else they stay)"
    )

    def __init__(self, *args: Any, sheets: Sequence[str] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["sheet"].choices = [(name, name) for name in sheets]  # type: ignore[attr-defined]
        delimiter = self.fields["delimiter"]
        # Stripping would take the tab away.
        delimiter.strip = False  # type: ignore[attr-defined]
        for name in ("encoding", "delimiter"):
            found = self.initial.get(name, "")
            field = self.fields[name]
            if found and found not in dict(field.choices):  # type: ignore[attr-defined]
                field.choices = [(found, found), *field.choices]  # type: ignore[attr-defined]


class ColumnForm(forms.Form):
    """What one column of the file is used for."""

    use = forms.ChoiceField(choices=USES)
    name = forms.CharField(max_length=200, required=False, label="Attribute")
    written = forms.ChoiceField(choices=WRITTEN, required=False, label="Written as")
    symbol = forms.ChoiceField(
        choices=[("", "none"), *((symbol, symbol) for symbol in SYMBOLS)], required=False, label="With sign"
    )
    missing = forms.CharField(
        max_length=200,
        required=False,
        label="Missing is",
        help_text="Separated by spaces, for example: n/a ?",
    )
    minimum = forms.FloatField(required=False, label="Lowest allowed")
    maximum = forms.FloatField(required=False, label="Highest allowed")
    is_whole = forms.BooleanField(required=False, label="Whole numbers only")

    def __init__(self, *args: Any, column: ColumnMapping, detailed: bool, **kwargs: Any) -> None:
        kwargs["initial"] = _initial(column)
        super().__init__(*args, **kwargs)
        self.column = column
        if not detailed:
            for name in list(self.fields):
                if name != "use":
                    del self.fields[name]
        self.fields["use"].widget.attrs["aria-label"] = f"Use of {column.header}"
        if detailed:
            self.fields["name"].widget.attrs["aria-label"] = f"Attribute of {column.header}"

    @property
    def summary(self) -> str:
        """What the details say, in a line."""
        column = self.column
        if column.use == "date":
            return f"written as {column.date_example}"
        if column.use != "number":
            return "Format"
        parts = [f"written as {NUMBERS[f'{column.decimal}|{column.thousands}']} {column.symbol}".strip()]
        parts += [f"missing is {' '.join(column.missing)}"] if column.missing else []
        parts += ["whole"] if column.is_whole else []
        parts += [f"from {column.minimum:g}"] if column.minimum is not None else []
        parts += [f"to {column.maximum:g}"] if column.maximum is not None else []
        return ", ".join(parts)

    def mapping(self) -> ColumnMapping:
        values = {**_initial(self.column), **self.cleaned_data}
        decimal, _, thousands = values["written"].partition("|")
        is_number = values["written"] in NUMBERS
        use = values["use"]
        return ColumnMapping(
            header=self.column.header,
            use=use,
            name=(values["name"] or self.column.header) if use in ("number", "text", "date") else "",
            decimal=decimal if is_number else ".",
            thousands=thousands if is_number else "",
            symbol=values["symbol"] if use == "number" else "",
            order=values["written"] if values["written"] in ORDERS else "iso",
            missing=tuple(values["missing"].split()),
            is_whole=bool(values["is_whole"]) and use == "number",
            minimum=values["minimum"] if use == "number" else None,
            maximum=values["maximum"] if use == "number" else None,
        )


class MappingForm:
    """One form a column; valid when together they make an import that can be carried out."""

    def __init__(self, columns: Sequence[ColumnMapping], data: Mapping[str, Any] | None = None) -> None:
        detailed = len(columns) <= DETAILED_COLUMNS
        self.detailed = detailed
        self.columns = [
            ColumnForm(data, prefix=f"c{index}", column=column, detailed=detailed)
            for index, column in enumerate(columns)
        ]
        self.error = ""

    def __iter__(self) -> Iterator[ColumnForm]:
        return iter(self.columns)

    def is_valid(self) -> bool:
        if not all([column.is_valid() for column in self.columns]):  # noqa: C419  # all show their errors
            self.error = "Some columns need another look."
            return False
        try:
            check_mapping(self.mapping())
        except ImportRefusedError as error:
            self.error = str(error)
        return not self.error

    def mapping(self) -> list[ColumnMapping]:
        return [column.mapping() for column in self.columns]


def _initial(column: ColumnMapping) -> dict[str, Any]:
    return {
        "use": column.use,
        "name": column.name,
        "written": column.order if column.use == "date" else f"{column.decimal}|{column.thousands}",
        "symbol": column.symbol,
        "missing": " ".join(column.missing),
        "minimum": column.minimum,
        "maximum": column.maximum,
        "is_whole": column.is_whole,
    }
