"""Texts that break careless programs: each is imported unchanged, or its row is rejected with a reason."""

import csv
import io

import pytest

AWKWARD = [
    # words with a special meaning elsewhere
    *("undefined", "null", "NULL", "(null)", "None", "nil", "NaN", "Infinity", "true", "FALSE", "-0", "0x1F"),
    *("1e3", "1_000", "٣", "１２", "½", "1/0", "00", "08", "1.", ".5", "$1.00", "-", "--", "."),
    # formulas
    *("=1+1", "=HYPERLINK(1)", "+49 170", "-2+3", "@SUM(1)", "＝1+1", "|calc", "%0A=1"),
    # what other programs would run
    *(
        "'; DROP TABLE customers; --",
        '1" OR "1"="1',
        "1); SELECT pg_sleep(9);--",
        "$$ $1 $tag$",
        "\\",
        "\\N",
        "\\.",
    ),
    *(
        "<b>bold</b>",
        "<img src=x onerror=1>",
        "</script><script>",
        "&amp;&lt;",
        "javascript:0",
        "{{ 7 * 7 }}",
        "{% now %}",
    ),
    *(
        "${HOME}",
        "$(id)",
        "`id`",
        "%s %d %n",
        "{0} {}",
        "../../etc/hosts",
        "C:\\con",
        "file:///",
        "a;b|c,d\te",
    ),
    # letters beyond ASCII, in several directions
    *(
        "Ærøskøbing",
        "Łódź",
        "Ἀθῆναι",
        "Київ",
        "İstanbul ı",
        "straße ẞ",
        "東京都",
        "서울",
        "กรุงเทพ",
        "नमस्ते",
        "ﷺ",
    ),
    *(
        "שלום",
        "مرحبا",
        "אbג",
        "\u202eabc\u202c",
        "\u2066a\u2069",
        "a\u200fb",
        "e\u0301e\u0301",
        "Z\u0300\u0316\u0317",
    ),
    # invisible or misleading characters
    *(
        "a\u200bb",
        "a\u200db",
        "\u2060x",
        "a\ufeffb",
        "a\u00adb",
        "a\u2028b",
        "a\u0085b",
        "\U000e0041x",
        "x\ufffd",
    ),
    *(
        "😀",
        "👩\u200d👩\u200d👧",
        "🇩🇪",
        "1\ufe0f\u20e3",
        "\U0001f3f4\U000e0067\U000e007f",
        "𝒜𝔅",
        "\U00020bb7野",
        "\U0010fffd",
    ),
    # control characters that a text may have
    *("bell\x07", "esc\x1b[31m", "back\x08space", "del\x7f", "unit\x1fsep", "\x01", "form\x0cfeed", "a\tb"),
    # quotation marks and line ends
    *(
        '"',
        '""',
        '"""',
        "'",
        "''",
        '"a',
        'a"',
        'a"b"c',
        "two\nlines",
        "two\r\nlines",
        "a\n\nb",
        ",",
        ",,",
        ' " ',
    ),
]


@pytest.mark.bad_input(78)
@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
def test_every_awkward_text_is_imported_unchanged(import_file, counts, customers, quoting):
    assert len(set(AWKWARD)) == len(AWKWARD) > 100
    file = io.StringIO(newline="")
    writer = csv.writer(file, quoting=quoting)
    writer.writerows([["CustomerID", "Note", "Age"], *([n, note, 30] for n, note in enumerate(AWKWARD, 1))])
    done = import_file(file.getvalue(), columns=())
    assert counts(done) == (len(AWKWARD), len(AWKWARD), 0, 0, 0), list(done.rejected_rows.values_list())
    assert customers() == {str(n): [note.strip(), 30] for n, note in enumerate(AWKWARD, 1)}


def test_every_awkward_text_may_be_a_customer_id(import_file, customers):
    file = io.StringIO(newline="")
    csv.writer(file).writerows([["CustomerID", "Age"], *([note, 30] for note in AWKWARD)])
    done = import_file(file.getvalue())
    assert done.job.state == "succeeded", done.job.error
    assert done.read_count == len(AWKWARD)
    assert done.created_count + done.rejected_count == len(AWKWARD)
    # What nobody sees is no part of an id.
    assert {"=1+1", "שלום", "ab", "'; DROP TABLE customers; --"} <= set(customers())
