"""Files that are no tables of customers, or whose table does not begin in the first line."""

import re

import pytest

from customers.importing.errors import AmbiguousFileError, ImportRefusedError

ROWS = "".join(f"C{n},Person {n},{20 + n},{n * 7.5}\n" for n in range(30))


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("jsonlines.jsonl", "This is JSON, not a table"),
        ("fixed_width_header.txt", "aligned by spaces"),
        ("two_header_rows.csv", "two header lines.*Keep only line 2"),
        ("two_header_rows_merged.xlsx", "two header lines.*Keep only line 2"),
        ("title_rows_padded.csv", "in line 4: remove everything above the header row"),
        ("title_rows_two_cells.csv", "in line 3: remove everything above the header row"),
    ],
)
def test_refused_by_name_with_what_to_do(import_case, dataset, name, sentence):
    done = import_case(name)
    assert done.job.state == "failed"
    assert re.search(sentence, done.job.error)
    dataset.refresh_from_db()
    assert dataset.current_version is None


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ('[\n {"id": 1, "age": 2},\n {"id": 2, "age": 3}]', "JSON"),
        ('\ufeff{"id": 1}\n{"id": 2}\n', "JSON"),
        ('{\n  "customers": [\n', "JSON"),
        ("[[1, 2], [3, 4]]", "JSON"),
        ("<div><table><tr><td>id", "web page"),
        ("<html><body>".encode("utf-16"), "web page"),
        ("<?xml version='1.0'?>\n<a/>", "XML"),
        ("-- dump\n--\nCREATE TABLE `c` (\n", "SQL"),
        ("BEGIN:VCARD\nVERSION:3.0\n", "contacts"),
        ("ID    NAME      AGE\n1     Doe, Jo    38\n2     Roe, Al    39\n", "aligned by spaces"),
        ("ID     AGE   SPEND\n------ ----- ------\nC1     38    2,606.25\n", "aligned by spaces"),
        (
            "Kundenliste\nKundennummer;Name;Alter;Umsatz\n" + ROWS.replace(",", ";"),
            "line 2.*above the header",
        ),
        ("Report, May\nNr;Name;Alter;Umsatz\n" + ROWS.replace(",", ";"), "line 2.*above the header"),
        ("販売レポート,,,\n顧客番号,名前,年齢,売上\n" + ROWS, "line 2.*above the header"),
        ("Stammdaten,,Umsatz,\nNr,Alter,Q1,Q2\n" + ROWS, "two header lines"),
        ("Kunde,Kunde,Umsatz,Umsatz\nNr,Alter,2023,2024\n" + ROWS, "two header lines"),
        ("Row Labels,Sum of Spend\nC1,5\nC2,6\nGrand Total,11\n", "pivot table"),
        ("Summe von Umsatz,Spaltenbeschriftungen\nZeilenbeschriftungen,2023\nC1,5\nC2,6\n", "pivot table"),
    ],
)
def test_other_files_of_these_kinds(look, content, sentence):
    with pytest.raises(ImportRefusedError, match=f"(?s){sentence}"):
        look(content)


@pytest.mark.parametrize(
    ("content", "headers"),
    [
        ("Customer ID,Name,Age,Spend\n" + ROWS, ("Customer ID", "Name", "Age", "Spend")),
        ("CustomerID,,Age,Spend\n" + ROWS, ("CustomerID", "", "Age", "Spend")),
        (",Name,Age,Spend\n" + ROWS, ("", "Name", "Age", "Spend")),
        ("customer,,city\na,no,Rome\nb,yes,Paris\nc,no,Rome\n", ("customer", "", "city")),
        ("Customer,2021,2022,2023\n" + ROWS, ("Customer", "2021", "2022", "2023")),
        ("id,a,b,c\n" + "".join(f"{n},,,{n}\n" for n in range(9)), ("id", "a", "b", "c")),
        ("[id],[name]\n1,a\n2,b\n", ("[id]", "[name]")),
        ("{id},name\n1,a\n", ("{id}", "name")),
        ("Full Name\nJo Doe\nAnn Lee\nBob Ray\n", ("Full Name",)),
        ("Customer ID\n1\n2\n3\n", ("Customer ID",)),
    ],
)
def test_tables_with_headers_in_the_first_line_are_let_through(look, content, headers):
    assert look(content).headers == headers


def test_single_spaces_between_columns_are_asked_about(look):
    content = "id age spend\n1 20 30.5\n2 30 40.5\n3 30 40\n"
    with pytest.raises(AmbiguousFileError, match=r"separated by a space.*--delimiter space"):
        look(content)
    assert look(content, delimiter=" ").headers == ("id", "age", "spend")


# ---- Quotation marks ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("space_after_comma_quotes.csv", ["Doe, Person 0", 38, 2606.25]),
        ("quotes_after_space_no_commas.csv", ["Person 0", 38]),
        ("single_quoted.csv", ["Doe, Person 0", 38, 2606.25]),
        ("single_quoted_no_commas.csv", ["Person 0", 38]),
    ],
)
def test_quotation_marks_are_no_part_of_the_cells(import_case, counts, customers, name, first):
    assert counts(import_case(name)) == (40, 40, 0, 0, 0)
    assert customers()["C0"] == first


@pytest.mark.parametrize(
    ("content", "first"),
    [
        ('id; name; note\n1; "a; b"; "x"\n2; "c"; "y; z"\n', ("1", "a; b", "x")),
        ("id,name,age\n'C1','Doe, J',38\n'C2','O''Neil, K',39\n", ("C1", "Doe, J", "38")),
        # An apostrophe that guards a cell from a spreadsheet, or belongs to the text, is no quotation mark.
        ("id,name,age\n'001,Ann,38\n'002,O'Neil,39\n", ("'001", "Ann", "38")),
        ("id,zip,age\n'001,'0123,38\n'002,'0345,39\n", ("'001", "'0123", "38")),
        ("id,name,note\n1,Ann,'hello'\n2,Bob,'x'\n", ("1", "Ann", "'hello'")),
    ],
)
def test_other_quotation_marks(look, content, first):
    assert look(content).preview[0] == first


# ---- Encodings ---------------------------------------------------------------------------------------------


def test_polish_text_is_asked_about_with_examples_and_read_as_told(import_case, counts, customers, dataset):
    done = import_case("polish_cp1250.csv")
    assert done.job.state == "failed"
    assert "--encoding" in done.job.error
    assert "Central European (Windows-1250): “Łódź”" in done.job.error
    assert "Western European (Windows-1252): “£ódŸ”" in done.job.error
    dataset.refresh_from_db()
    assert dataset.current_version is None
    assert counts(import_case("polish_cp1250.csv", encoding="cp1250"))[1] == 40
    assert customers()["C1000"][0] == "Łódź"


WRITTEN = {
    "cp1250": [
        "Łódź Kraków Gdańsk Wrocław",
        "Jiří Dvořák Nováček Plzeň Zdeněk",
        "Kovačić Jovanović Šimić",
        "Novaček Žan Čeh Matičič",
        "Erdős Győr Szűcs Kőszegi",
        "Bălan ţară Iaşi",
        "Ľuboš Kováč Žilina",
    ],
    "cp1254": ["Yıldız Doğan Şahin Çelik Kılıç"],
    "cp1257": ["Jānis Bērziņš Kalniņa Ozoliņš"],
    "cp850": ["Müller François Böhm Jäger"],
    "mac_roman": ["Müller François Böhm Größe José"],
    "cp1251": ["Пётр Ильич Анна Иванов"],
    "koi8_r": ["Пётр Ильич Анна Иванов"],
    "cp1253": ["Γιώργος Παπαδόπουλος Αθήνα"],
    "shift_jis": ["山田太郎 鈴木一郎"],
}


@pytest.mark.parametrize(("encoding", "words"), [(each, text) for each in WRITTEN for text in WRITTEN[each]])
def test_what_is_not_western_is_asked_about_and_guessed(look, encoding, words):
    content = "id,name\n" + "".join(f"{n},{word}\n" for n, word in enumerate(words.split()))
    with pytest.raises(AmbiguousFileError) as question:
        look(content.encode(encoding))
    assert question.value.option == "--encoding"
    assert question.value.guess == encoding
    assert any(f"“{word}”" in question.value.sentence for word in words.split())


@pytest.mark.parametrize(
    "words",
    [
        "José Zoë “Ann” €",
        "Hélène Agnès Michèle Rivière Benoît Noël Loïc François Dû Brûlé œuvre sœur",
        "Muñoz Peña Núñez ¿Qué? ¡Hola! Nº Mª",
        "João Guimarães Simões Conceição irmã",
        "Niccolò Forlì città perché Gesù caffè è più",
        "Søren Jørgen Ærø Kjær Bjørn Åse Østergård Høeg",
        "Björn Åsa Göran Österlund",
        "Müller Größe Böhm Jäger Straße § m² m³",
        "O’Neil d’Arc Jean–Luc Acme® Foo™ £5 20°C ½",
        "Pòrtic Antònia col·legi",
    ],
)
def test_western_text_is_not_asked_about(look, words):
    content = "id,name\n" + "".join(f"{n},{word}\n" for n, word in enumerate(words.split()))
    assert look(content.encode("cp1252")).preview[0][1] == words.split()[0]
