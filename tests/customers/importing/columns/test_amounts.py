"""Amounts as people and programs write them all over the world: they come in exactly, or are asked about."""

from dataclasses import dataclass
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from customers.importing.columns.number_shapes import FORMATS
from customers.importing.columns.numbers import NumberFormat
from tests.customers.importing.columns.tables import read_table


@dataclass(frozen=True)
class Style:
    """One way to write an amount; `#` in the others is the number without its sign."""

    decimal: str
    thousands: str
    positive: str = "#"
    negative: str = "-#"
    is_lakh: bool = False

    def write(self, value):
        whole, _, rest = f"{abs(value):f}".partition(".")
        text = self.group(whole) + (self.decimal + rest if rest else "")
        return (self.negative if value < 0 else self.positive).replace("#", text)

    def group(self, digits):
        if not self.thousands or len(digits) < 4:
            return digits
        head, tail = digits[:-3], digits[-3:]
        size, groups = 2 if self.is_lakh else 3, [tail]
        while head:
            groups.insert(0, head[-size:])
            head = head[:-size]
        return self.thousands.join(groups)


STYLES = {
    "en_US": Style(".", ",", "$#", "-$#"),
    "en_US accounting": Style(".", ",", "$#", "($#)"),
    "en_US parentheses": Style(".", ",", "#", "(#)"),
    "en_US dollar outside": Style(".", ",", "$#", "$(#)"),
    "en_GB": Style(".", ",", "£#", "−£#"),
    "en_IN": Style(".", ",", "₹#", "-₹#", is_lakh=True),
    "en_IN words": Style(".", ",", "Rs. #", "Rs. -#", is_lakh=True),
    "en_ZA": Style(",", "\u00a0", "R\u00a0#".replace("R", "ZAR"), "ZAR -#"),
    "en_CA": Style(".", ",", "CA".replace("CA", "C$") + "#", "-C$#"),
    "ja_JP": Style(".", ",", "¥#", "-¥#"),
    "zh_CN": Style(".", ",", "# CNY", "-# CNY"),
    "ko_KR": Style(".", ",", "₩#", "-₩#"),
    "th_TH": Style(".", ",", "฿#", "-฿#"),
    "he_IL": Style(".", ",", "# ₪", "-# ₪"),
    "de_DE": Style(",", ".", "# €", "-# €"),
    "de_DE SAP": Style(",", ".", "#", "#-"),
    "de_DE DATEV": Style(",", "", "#", "-#"),
    "de_AT": Style(",", " ", "€ #", "€ -#"),
    "de_CH": Style(".", "’", "CHF #", "CHF -#"),
    "it_CH": Style(".", "'", "Fr. #", "-Fr. #"),
    "fr_FR": Style(",", "\u202f", "#\u00a0€", "-#\u00a0€"),
    "fr_FR thin": Style(",", "\u2009", "#", "–#"),
    "es_ES": Style(",", ".", "#€", "-#€"),
    "it_IT": Style(",", ".", "€ #", "-€ #"),
    "nl_NL": Style(",", ".", "€ #", "€ #-"),
    "pt_BR": Style(",", ".", "R$ #", "-R$ #"),
    "pt_PT": Style(",", " ", "# €", "(# €)"),
    "pl_PL": Style(",", "\u00a0", "#\u00a0zł", "-#\u00a0zł"),
    "cs_CZ": Style(",", " ", "# Kč", "-# Kč"),
    "hu_HU": Style(",", " ", "# Ft", "-# Ft"),
    "sv_SE": Style(",", "\u00a0", "#\u00a0kr", "−#\u00a0kr"),
    "nb_NO": Style(",", " ", "kr #", "kr -#"),
    "da_DK": Style(",", ".", "# kr.", "-# kr."),
    "ru_RU": Style(",", "\u00a0", "#\u00a0₽", "-#\u00a0₽"),
    "tr_TR": Style(",", ".", "₺#", "-₺#"),
    "id_ID": Style(",", ".", "Rp#", "-Rp#"),
    "vi_VN": Style(",", ".", "#\u00a0₫", "-#\u00a0₫"),
    "code after": Style(".", ",", "# SEK", "-# SEK"),
    "code before, lower case": Style(",", ".", "eur #", "eur -#"),
    "programs": Style(".", "", "#", "-#"),
    "per cent": Style(".", "", "#%", "-#%"),
    "per cent, German": Style(",", ".", "# %", "-# %"),
}
BLANKS = ("", "", "", "-", "n/a", "--")


@st.composite
def columns_of_amounts(draw):
    """One column: how it is written, and its values; `None` is a blank."""
    style, places = draw(st.sampled_from(list(STYLES))), draw(st.sampled_from([0, 0, 1, 2, 2, 2, 3]))
    is_fixed = draw(st.booleans())
    highest = draw(st.sampled_from([9, 99, 999, 99_999, 9_999_999]))

    def value():
        if draw(st.integers(0, 9)) == 0:
            return None
        decimals = places if is_fixed else draw(st.integers(0, places))
        number = draw(st.integers(-highest // 4, highest)) * 10**decimals
        return Decimal(number + (draw(st.integers(0, 10**decimals - 1)) if decimals else 0)).scaleb(-decimals)

    rows = draw(st.integers(1, 12))
    return style, [value() for _ in range(rows)], draw(st.sampled_from(BLANKS))


def check(columns):
    """Read a table of amounts; return how many columns were read, asked about, or taken as texts."""
    rows = max(len(values) for _style, values, _blank in columns)
    table = {"Customer ID": [f"K{row}" for row in range(rows)]}
    columns = [(style, [*values, *[None] * (rows - len(values))], blank) for style, values, blank in columns]
    for number, (style, values, blank) in enumerate(columns):
        table[f"Amount {number}"] = [blank if v is None else STYLES[style].write(v) for v in values]
    read = read_table(table)
    counts = {"read": 0, "asked": 0, "text": 0, "rejected": len(read.rejected)}
    for number, (_style, values, _blank) in enumerate(columns):
        header = f"Amount {number}"
        if header in read.asked:
            counts["asked"] += 1
            continue
        is_number = read.use(header) == "number"
        counts["read" if is_number else "text"] += 1
        written = table[header]
        for line, found in read.values[header].items():
            if is_number:
                assert found == (None if values[line] is None else float(values[line])), (header, written)
            else:
                assert found == (written[line] or None), (header, written)
    return counts


@settings(max_examples=60, deadline=None)
@given(st.lists(columns_of_amounts(), min_size=1, max_size=3))
def test_amounts_come_in_exactly_or_are_asked_about(columns):
    check(columns)


@pytest.mark.parametrize("name", STYLES)
def test_every_way_to_write_amounts_is_understood(name):
    amounts = [Decimal(text) for text in ("2606.25", "549.07", "-296.16", "1234567.50", "0.00", "-1603.10")]
    assert check([(name, amounts, "")]) == {"read": 1, "asked": 0, "text": 0, "rejected": 0}


@pytest.mark.parametrize("name", STYLES)
def test_whole_amounts_with_a_sign_are_no_question(name):
    amounts = [Decimal(number) for number in (25, 120, 20, -7, 0)]
    assert check([(name, amounts, "")])["read"] == 1


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize(
    "cell", ["1.234", "1,234", "0.234", "0,234", "12.5", "1 234", "1'234", "1,23,456", "(5)"]
)
def test_a_format_reads_a_cell_as_one_number_or_not_at_all(format_, cell):
    """The same cell means the same number in all formats with this decimal sign."""
    cells = pa.array([cell])
    others = [each for each in FORMATS if each.decimal == format_.decimal]
    values = {float(each.convert(cells)[0]) for each in others if each.matches(cells)[0].as_py()}
    assert len(values) <= 1


@pytest.mark.parametrize(
    ("cells", "readings"),
    [
        (["1.234", "312"], "“1.234” could mean 1.234 or 1234"),
        (["14.000", "69.103", "312"], "“14.000” could mean 14 or 14000"),
        (["1,234 kr", "312 kr"], "“1,234 kr” could mean 1.234 or 1234"),
        (
            ["1.234,50", "1,234.50"],
            "the decimal sign differs from cell to cell, as in “1,234.50” and “1.234,50”",
        ),
        (["1.234", "1,234"], "the decimal sign differs from cell to cell, as in “1.234” and “1,234”"),
        (
            ["12.50", "12,50", *["7"] * 20],
            "the decimal sign differs from cell to cell, as in “12.50” and “12,50”",
        ),
        (["12.5", *["1.234"] * 60], "“1.234” could mean 1.234 or 1234"),  # one proof among many: a mistake?
    ],
)
def test_what_cells_leave_open_is_asked_with_examples(cells, readings):
    read = read_table({"Customer ID": [f"K{row}" for row in range(len(cells))], "Amount": cells})
    (question,) = read.proposal.questions
    assert readings in question.sentence
    assert question.header == "Amount"
    assert '--decimal "Amount=,"' in question.option


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (["2.556.811", "11.544", "7"], [2556811, 11544, 7]),
        (["1.234", "1.234,5"], [1234, 1234.5]),
        (["1.234", "0.5"], [1.234, 0.5]),
        (["1.234", "1234.567"], [1.234, 1234.567]),
        (["1,234", "1.5"], [1234, 1.5]),
        (["1.234E+05", "1.234"], [123400, 1.234]),
        (["1,234E+05", "1,234"], [123400, 1.234]),
    ],
)
def test_one_cell_can_prove_what_the_others_mean(cells, values):
    read = read_table({"Customer ID": [f"K{row}" for row in range(len(cells))], "Amount": cells})
    assert not read.asked
    assert list(read.values["Amount"].values()) == values


def test_a_decimal_sign_answers_what_is_open_and_leaves_what_is_proven():
    table = {"Customer ID": ["A", "B"], "Open": ["1.234", "5"], "Proven": ["1.50", "2.25"]}
    read = read_table(table, decimal=",")
    assert (read.values["Open"], read.values["Proven"]) == ({0: 1234, 1: 5}, {0: 1.5, 1: 2.25})
    read = read_table({**table, "Too": ["1.500", "7"]}, decimals={"open": ",", "Too": "."})
    assert (read.values["Open"][0], read.values["Too"][0]) == (1234, 1.5)


@pytest.mark.parametrize("cell", ["5", "0.5"])
def test_a_share_without_its_sign_among_others_is_rejected(cell):
    read = read_table({"Customer ID": list("ABCD"), "Rate": ["50%", cell, "0", "-2.5 %"]})
    assert read.values["Rate"] == {0: 50, 2: 0, 3: -2.5}
    assert read.rejected == {1: "The other values in this column have a % sign, and this one has none."}


def test_currencies_are_not_mixed():
    read = read_table({"Customer ID": list("ABC"), "Spend": ["5 €", "7 €", "$6"]})
    assert (read.values["Spend"], list(read.rejected)) == ({0: 5, 1: 7}, [2])


@pytest.mark.parametrize("guard", ["'{}", '="{}"', "\ufeff{}", "\u200b{}\u200b"])
def test_numbers_guarded_from_spreadsheets_are_numbers(guard):
    read = read_table({"Customer ID": list("AB"), "Spend": [guard.format("2606.25"), guard.format("549.07")]})
    assert read.values["Spend"] == {0: 2606.25, 1: 549.07}


def test_a_symbol_belongs_to_its_format():
    assert NumberFormat(".", ",", "$").convert(pa.array(["($1,234.50)"])).tolist() == [-1234.5]
