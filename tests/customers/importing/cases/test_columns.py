"""Which column is what, and files whose rows are orders."""

import pytest

from customers.importing.columns.headers import understand
from customers.importing.files.shapes.orders import find_orders


@pytest.mark.parametrize(
    "name", ["orders_single_and_repeat.csv", "online_retail_lines.csv", "orders_one_row_each.csv"]
)
def test_a_file_of_orders_is_refused_with_what_to_bring(import_case, dataset, name):
    done = import_case(name)
    assert done.job.state == "failed"
    assert "one row for each order" in done.job.error
    assert "Bring one row for each customer" in done.job.error
    dataset.refresh_from_db()
    assert dataset.current_version is None


def test_a_file_whose_rows_are_nearly_all_orders_of_a_few_is_refused(import_file):
    rows = [f"{n % 300},2024-05-{1 + n % 28:02},{n % 97}" for n in range(3_000)]
    rows += [f"{1_000 + n},2024-05-01,5" for n in range(6)]
    assert "one row for each order" in import_file("\n".join(["Member_number,Date,Amount", *rows])).job.error


@pytest.mark.parametrize(
    ("conflicting", "rows", "headers", "is_refused"),
    [
        (80, 140, ["Customer ID", "Date", "Amount"], True),
        (38_759, 38_765, ["Member_number", "Date", "itemDescription"], True),
        (2, 3, ["Customer ID", "Age"], False),
        (9, 12, ["Customer ID", "Age"], False),
        (40, 1_000, ["Customer ID", "Age"], False),
        (60, 1_000, ["Customer ID", "Order Date"], True),
        (4, 8, ["Kundennummer", "Bestellnummer"], True),
    ],
)
def test_a_few_ids_that_stand_there_twice_are_mistakes(conflicting, rows, headers, is_refused):
    assert bool(find_orders(conflicting, rows, headers)) is is_refused


def test_twice_the_same_row_is_no_order(import_file, counts):
    rows = [f"C{n},{n}" for n in range(20)]
    assert counts(import_file("\n".join(["id,age", *rows, *rows]))) == (40, 20, 0, 0, 20)


def kinds(dataset):
    return dict(dataset.attributes.values_list("name", "kind"))


def test_the_id_is_full_and_not_only_named_so(import_case, counts, customers, dataset):
    assert counts(import_case("woocommerce_customers.csv")) == (40, 40, 0, 0, 0)
    assert "user1@example.com" in customers()
    assert kinds(dataset)["Username"] == kinds(dataset)["Postal Code"] == "text"


def test_phones_postcodes_and_numbers_of_shops_are_texts(import_case, counts, dataset):
    assert counts(import_case("phone_header_variants.csv")) == (40, 40, 0, 0, 0)
    found = kinds(dataset)
    assert (found.pop("Orders"), found.pop("Year joined")) == ("number", "number")
    assert set(found.values()) == {"text"}


def test_an_audience_of_a_mail_service(import_case, counts, customers, dataset):
    assert counts(import_case("mailchimp_audience.csv")) == (40, 40, 0, 0, 0)
    found = kinds(dataset)
    assert (found["LEID"], found["EUID"], found["MEMBER_RATING"]) == ("text", "text", "number")
    assert "user0@example.com" in customers()


def test_a_column_that_numbers_the_rows_is_left_out_with_a_note(import_case, counts, dataset):
    done = import_case("index_column_named.csv")
    assert counts(done) == (40, 40, 0, 0, 0)
    assert set(kinds(dataset)) == {"Age", "Spend"}
    assert any("“Unnamed: 0” was left out" in warning for warning in done.warnings)


def test_an_id_in_french_with_its_sign_for_number(import_case, counts, customers):
    assert counts(import_case("french_no_client.csv")) == (40, 40, 0, 0, 0)
    assert customers()["C1000"] == [2606.25]


@pytest.mark.parametrize(("name", "row_count"), [("score_0_to_10.csv", 30), ("mixed0.csv", 1_200)])
def test_no_range_is_made_up_that_leaves_customers_out(import_case, counts, name, row_count):
    assert counts(import_case(name)) == (row_count, row_count, 0, 0, 0)


def test_long_free_text_is_left_out_with_a_note(import_file, counts, dataset):
    rows = [f"{n},{'A note about this customer. ' * 5},{n + 20}" for n in range(10)]
    done = import_file("\n".join(["id,Notes,Age", *rows]))
    assert (counts(done)[1], set(kinds(dataset))) == (10, {"Age"})
    assert any("“Notes” was left out" in warning for warning in done.warnings)


@pytest.mark.parametrize(
    "header",
    [
        *(
            "CLIENTNUM",
            "N° client",
            "Nº de cliente",
            "Kunden-Nr.",
            "Numer klienta",
            "Číslo zákazníka",
            "Müşteri No",
        ),
        *(
            "Код клиента",
            "顧客番号",
            "客户编号",
            "고객번호",
            "id_klienta",
            "Cust Key",
            "Debitor",
            "Numéro de client",
        ),
    ],
)
def test_a_customer_id_in_many_languages(header):
    assert understand(header).id_rank in (0, 1)


@pytest.mark.parametrize(
    ("header", "is_name"),
    [
        *[
            (name, True)
            for name in ("Phone 1", "Mobile Phone", "Contact Number", "Postal / Zip Code", "House No")
        ],
        *[
            (name, True)
            for name in ("Store Number", "LEID", "Filialnummer", "Work phone", "Telefon", "Product code")
        ],
        *[
            (name, False)
            for name in ("Mobile visits", "Phone calls", "Number of orders", "No of children", "PAID")
        ],
        *[(name, False) for name in ("Store visits", "Year joined", "Spend", "Order count", "Customers")],
    ],
)
def test_what_identifies_something_is_no_amount(header, is_name):
    assert understand(header).names_something is is_name


@pytest.mark.parametrize(
    "header", ["Order ID", "Invoice No", "Transaction ID", "Bestellnummer", "StockCode", "Store ID"]
)
def test_numbers_of_other_things_are_no_customer_ids(import_file, header):
    rows = [f"{n},{n * 2}.5,x" for n in range(30)]
    error = import_file("\n".join([f"{header},Amount,City", *rows])).job.error
    assert "No column looks like a customer id" in error
