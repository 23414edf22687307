"""Forms for datasets and imports, in words a marketer understands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from customers.importing.columns.dates.parsing import ORDERS
from customers.importing.columns.mapping import ColumnMapping, check_mapping
from customers.importing.columns.numbers import SYMBOLS
from customers.importing.errors import ImportRefusedError
from customers.importing.files.encodings import ENCODINGS
from customers.importing.files.sniffing import refuse_delimiter
from customers.importing.preparation import MappingPage
from customers.models import Dataset

USES = [
    ("id", gettext_lazy("customer id")),
    ("number", gettext_lazy("number")),
    ("text", gettext_lazy("text")),
    ("date", gettext_lazy("date")),
    ("skip", gettext_lazy("leave out")),
]
NUMBERS = {
    ".|": "1234.5",
    ",|": "1234,5",
    ".|,": "1,234.5",
    ",|.": "1.234,5",
    ".| ": "1 234.5",
    ",| ": "1 234,5",
    ".|'": "1'234.5",
    ",|'": "1'234,5",
}
WRITTEN = [
    (gettext_lazy("Numbers"), list(NUMBERS.items())),
    (gettext_lazy("Dates"), list(ORDERS.items())),
]
# With more columns than this, the page asks only what each column is used for, and what is unclear.
DETAILED_COLUMNS = 100


class DatasetForm(forms.ModelForm):
    class Meta:
        model = Dataset
        fields = ["name"]
        help_texts = {
            "name": gettext_lazy("Customers that belong together, such as a shop, a brand or a country.")
        }


class UploadForm(forms.Form):
    file = forms.FileField(
        label=gettext_lazy("File"),
        help_text=gettext_lazy(
            "A CSV file, tab-separated text, a workbook (.xlsx, .xls, .ods) or a Parquet file; "
            "texts may be compressed (.gz, .zip)."
        ),
        widget=forms.FileInput(attrs={"accept": ".csv,.tsv,.txt,.gz,.zip,.xlsx,.xlsm,.xls,.ods,.parquet"}),
    )

    def clean_file(self) -> UploadedFile:
        file: UploadedFile = self.cleaned_data["file"]
        if not file.name:
            raise forms.ValidationError(_("The file has no name: give it one and upload it again."))
        return file


class ReadingForm(forms.Form):
    """How to read the file and what the import does, apart from the columns' uses."""

    sheet = forms.ChoiceField(label=gettext_lazy("Sheet"), required=False)
    encoding = forms.ChoiceField(
        choices=list(ENCODINGS.items()), label=gettext_lazy("Character encoding"), required=False
    )
    delimiter = forms.ChoiceField(
        choices=[(",", "comma"), (";", "semicolon"), ("\t", "tab"), ("|", "bar |"), (":", "colon")],
        label=gettext_lazy("Column separator"),
        required=False,
        widget=forms.Select,
    )
    clears_missing = forms.BooleanField(
        required=False,
        label=gettext_lazy("Empty cells delete the existing value (otherwise it is kept)"),
    )
    keeps_rows = forms.BooleanField(
        required=False,
        label=gettext_lazy(
            "Import rows that look like totals, notes or headers (otherwise they are left out)"
        ),
    )
    ids_are_new = forms.BooleanField(
        label=gettext_lazy("These are new customers, although their ids look like known ones"),
        error_messages={
            "required": gettext_lazy("Say that they are new, or upload the file with other ids.")
        },
    )
    empties_bad_cells = forms.TypedChoiceField(
        choices=[
            ("", gettext_lazy("Leave the row out, and list it with the reason")),
            ("empty", gettext_lazy("Take the row, leave the cell empty, and list the cell")),
        ],
        coerce=bool,
        required=False,
        label=gettext_lazy("If a cell cannot be read"),
        widget=forms.RadioSelect,
    )
    replaces = forms.BooleanField(
        required=False,
        label=gettext_lazy("Remove customers who are not in the file (otherwise they are kept)"),
    )

    def __init__(self, page: MappingPage, data: Mapping[str, Any] | None = None) -> None:
        found = {"encoding": page.encoding, "delimiter": page.delimiter}
        super().__init__(data, initial={**found, "sheet": page.sheet})
        if not page.asks_ids:
            del self.fields["ids_are_new"]
        self.fields["sheet"].choices = [(name, name) for name in page.sheets]  # type: ignore[attr-defined]
        # Stripping would remove the tab.
        self.fields["delimiter"].strip = False  # type: ignore[attr-defined]
        for name, value in found.items():
            field = self.fields[name]
            if value and value not in dict(field.choices):  # type: ignore[attr-defined]
                field.choices = [(value, value), *field.choices]  # type: ignore[attr-defined]


class RereadForm(forms.Form):
    """Another way to read a waiting file; empty fields are detected."""

    encoding = forms.ChoiceField(choices=list(ENCODINGS.items()), required=False)
    delimiter = forms.CharField(max_length=1, strip=False, required=False)
    sheet = forms.CharField(required=False)

    def clean_delimiter(self) -> str:
        delimiter: str = self.cleaned_data["delimiter"]
        if delimiter:
            try:
                refuse_delimiter(delimiter)
            except ImportRefusedError as error:
                raise forms.ValidationError(str(error)) from error
        return delimiter


class ColumnForm(forms.Form):
    """The use of one column of the file."""

    use = forms.ChoiceField(choices=USES)
    name = forms.CharField(max_length=200, required=False, label=gettext_lazy("Attribute"))
    written = forms.ChoiceField(choices=WRITTEN, required=False, label=gettext_lazy("Format"))
    symbol = forms.ChoiceField(
        choices=[("", ""), *((symbol, symbol) for symbol in SYMBOLS)],
        required=False,
        label=gettext_lazy("Symbol"),
        # One list for all columns: a list of its own in each would be most of a wide file's page.
        widget=forms.TextInput(attrs={"list": "symbols"}),
    )
    missing = forms.CharField(
        max_length=200,
        required=False,
        label=gettext_lazy("Means “missing”"),
        help_text=gettext_lazy("Separate several with spaces, for example: n/a ?"),
    )
    minimum = forms.FloatField(required=False, label=gettext_lazy("Minimum allowed"))
    maximum = forms.FloatField(required=False, label=gettext_lazy("Maximum allowed"))
    is_whole = forms.BooleanField(required=False, label=gettext_lazy("Whole numbers only"))

    def __init__(
        self, *args: Any, column: ColumnMapping, detailed: bool, asked: bool = False, **kwargs: Any
    ) -> None:
        kwargs["initial"] = _initial(column)
        super().__init__(*args, **kwargs)
        self.column, self.asked, self.detailed = column, asked, detailed or asked
        if self.asked:
            written: Any = self.fields["written"]
            written.choices, written.initial = [("", _("Please choose …")), *written.choices], ""
            self.initial["written"] = ""
        if not self.detailed:
            for name in list(self.fields):
                if name != "use":
                    del self.fields[name]
        header = column.header
        self.fields["use"].widget.attrs["aria-label"] = _("Use of %(header)s") % {"header": header}
        if self.detailed:
            self.fields["name"].widget.attrs["aria-label"] = _("Attribute of %(header)s") % {"header": header}

    def clean(self) -> dict[str, Any]:
        """Require a format for numbers and dates that can be read in two ways."""
        values: dict[str, Any] = super().clean() or {}
        written = values.get("written", "")
        if self.asked and values.get("use") == "number" and written not in NUMBERS:
            self.add_error("written", _("Choose how these numbers are written."))
        if self.asked and values.get("use") == "date" and written not in ORDERS:
            self.add_error("written", _("Choose how these dates are written."))
        return values

    @property
    def summary(self) -> str:
        """The details in one line."""
        column = self.column
        if column.use == "date" and not self.asked:
            return _("written as %(example)s") % {"example": column.date_example}
        if self.asked:
            return _("written how?")
        if column.use != "number":
            return _("Format")
        example = f"{NUMBERS[f'{column.decimal}|{column.thousands}']} {column.symbol}".strip()
        parts = [_("written as %(example)s") % {"example": example}]
        parts += (
            [_("%(markers)s means missing") % {"markers": " ".join(column.missing)}] if column.missing else []
        )
        parts += [_("whole")] if column.is_whole else []
        parts += [_("from %(lowest)g") % {"lowest": column.minimum}] if column.minimum is not None else []
        parts += [_("to %(highest)g") % {"highest": column.maximum}] if column.maximum is not None else []
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
            is_unproven=self.column.is_unproven and values["written"] == _initial(self.column)["written"],
            has_thousandths=is_number and (not thousands if self.asked else self.column.has_thousandths),
            as_written=self.column.as_written and use == "id",
            order=values["written"] if values["written"] in ORDERS else "iso",
            missing=tuple(marker.replace("\u00a0", " ") for marker in values["missing"].split(" ") if marker),
            is_whole=bool(values["is_whole"]) and use == "number",
            minimum=values["minimum"] if use == "number" else None,
            maximum=values["maximum"] if use == "number" else None,
        )


class MappingForm:
    """One form per column; valid if together they make a possible import."""

    def __init__(self, page: MappingPage, data: Mapping[str, Any] | None = None) -> None:
        self.is_bound = data is not None
        self.detailed = len(page.columns) <= DETAILED_COLUMNS
        self.columns = [
            ColumnForm(
                data,
                prefix=f"c{index}",
                column=column,
                detailed=self.detailed,
                asked=column.header in page.asked,
            )
            for index, column in enumerate(page.columns)
        ]
        self.error = ""

    def __iter__(self) -> Iterator[ColumnForm]:
        return iter(self.columns)

    def is_valid(self) -> bool:
        if not all([column.is_valid() for column in self.columns]):  # noqa: C419  # validate them all, so that each shows its errors
            self.error = _("Some columns need your attention.")
            return False
        try:
            check_mapping(self.mapping())
        except ImportRefusedError as error:
            self.error = str(error)
        return not self.error

    @property
    def uses(self) -> str:
        """The number of columns with each use, in words."""
        counts = Counter[str](form.column.use for form in self.columns)
        return get_text_list([words(counts[use]) for use, words in COUNTED if counts[use]], _("and"))

    def mapping(self) -> list[ColumnMapping]:
        return [column.mapping() for column in self.columns]


COUNTED: list[tuple[str, Callable[[int], str]]] = [
    ("id", lambda count: _("the customer id")),
    ("number", lambda count: ngettext("%(count)d number", "%(count)d numbers", count) % {"count": count}),
    ("text", lambda count: ngettext("%(count)d text", "%(count)d texts", count) % {"count": count}),
    ("date", lambda count: ngettext("%(count)d date", "%(count)d dates", count) % {"count": count}),
    ("skip", lambda count: ngettext("%(count)d left out", "%(count)d left out", count) % {"count": count}),
]


def _initial(column: ColumnMapping) -> dict[str, Any]:
    return {
        "use": column.use,
        "name": column.name,
        "written": column.order if column.use == "date" else f"{column.decimal}|{column.thousands}",
        "symbol": column.symbol,
        # A marker of several words is one: the spaces within it are no-break spaces here.
        "missing": " ".join(marker.replace(" ", "\u00a0") for marker in column.missing),
        "minimum": column.minimum,
        "maximum": column.maximum,
        "is_whole": column.is_whole,
    }
