import pytest
from django.urls import reverse

from customers.models import Dataset
from customers.overview import count_missing_overviews


def test_an_empty_list_of_datasets_explains_what_to_do(analyst_client):
    page = analyst_client.get(reverse("customers:dataset-list"))
    assert b"No datasets yet" in page.content
    assert reverse("customers:dataset-create").encode() in page.content


def test_a_new_dataset_leads_to_its_first_file(analyst_client):
    page = analyst_client.post(reverse("customers:dataset-create"), {"name": "Löwen & Co"})
    dataset = Dataset.objects.get()
    assert dataset.slug == "loewen-co"
    assert page.headers["Location"] == reverse("customers:import-create", args=["loewen-co"])


def test_a_taken_name_is_explained(analyst_client):
    Dataset.objects.create(name="Shop", slug="shop")
    page = analyst_client.post(reverse("customers:dataset-create"), {"name": "Shop"})
    assert b"already exists" in page.content


def test_a_dataset_that_would_be_called_new_gets_another_address(analyst_client):
    analyst_client.post(reverse("customers:dataset-create"), {"name": "New"})
    assert Dataset.objects.get().slug == "new-2"


def test_a_dataset_shows_what_it_knows(viewer_client, import_file, dataset):
    import_file("CustomerID,Age\n1,30\n2,41\n")
    words = " ".join(viewer_client.get(dataset.get_absolute_url()).content.decode().split())
    assert "<strong>2</strong> customers" in words
    assert "Age" in words


def test_each_attribute_shows_its_values_and_allowed_range(viewer_client, import_file, dataset):
    import_file("CustomerID,Age,Town\n1,30,Ulm\n2,41,Bonn\n3,,Ulm\n")
    dataset.attributes.filter(name="Age").update(is_whole=True, minimum=1, maximum=120)
    page = viewer_client.get(reverse("customers:dataset-overview", args=[dataset.slug]))
    assert [attribute.name for attribute, _ in page.context["rows"]] == ["Age", "Town"]
    words = " ".join(page.content.decode().split())
    assert "number, whole, from 1 to 120" in words
    assert "Ulm <span" in words


def test_too_many_values_to_count_in_a_page_are_left_to_a_worker(
    viewer_client, import_file, dataset, settings
):
    settings.PAGE_TIMEOUT_SECONDS = 0.001
    import_file("CustomerID,Age\n" + "".join(f"{number},{number % 90}\n" for number in range(20_000)))
    url = reverse("customers:dataset-overview", args=[dataset.slug])
    page = viewer_client.get(url)
    assert page.status_code == 503
    assert "please check again in a few minutes" in page.content.decode()
    count_missing_overviews()
    assert viewer_client.get(url).status_code == 200


def listed(page) -> list[str]:
    return [row.customer.customer_id for row in page.context["list"].rows]


def test_customers_are_paged_by_key_and_found_by_the_beginning_of_their_id(
    viewer_client, import_file, dataset
):
    import_file("CustomerID,Age\n" + "".join(f"A{number:03},30\n" for number in range(120)))
    url = reverse("customers:customer-list", args=[dataset.slug])
    page = viewer_client.get(url)
    assert listed(page)[-1] == "A049"
    page = viewer_client.get(url, {"after": page.context["list"].page.next})
    assert listed(page)[0] == "A050"
    page = viewer_client.get(url, {"id": "A11"})
    assert len(listed(page)) == page.context["list"].count == 10


@pytest.mark.parametrize(
    ("sort", "found"),
    [
        ("Age", "B D E A C F"),
        ("-Age", "A E D B F C"),
        ("City", "B A D E C F"),
        ("-City", "E D A B F C"),
        ("customer", "A B C D E F"),
        ("-customer", "F E D C B A"),
    ],
)
def test_missing_values_come_last_in_either_direction_on_every_page(
    viewer_client, import_file, dataset, sort, found
):
    import_file("CustomerID,Age,City\nA,50,Bern\nB,20,Aarau\nC,,\nD,30,Chur\nE,30,Chur\nF,,\n")
    sort = sort.replace("Age", str(dataset.attributes.get(name="Age").pk))
    sort = sort.replace("City", str(dataset.attributes.get(name="City").pk))
    url, pages = reverse("customers:customer-list", args=[dataset.slug]) + f"?sort={sort}&size=2", []
    page = viewer_client.get(url)
    pages.append(listed(page))
    while page.context["list"].page.next:
        page = viewer_client.get(f"{url}&after={page.context['list'].page.next}")
        pages.append(listed(page))
    assert " ".join(each for ids in pages for each in ids) == found
    page = viewer_client.get(f"{url}&before={page.context['list'].page.previous}")
    assert listed(page) == pages[1]
    page = viewer_client.get(f"{url}&before={page.context['list'].page.previous}")
    assert listed(page) == pages[0]


def test_every_active_filter_is_a_chip_that_can_be_removed_by_itself(viewer_client, import_file, dataset):
    import_file("CustomerID,Age,City\nA,50,Bern\nB,20,Bern\nC,30,Chur\n")
    age, city = dataset.attributes.all()
    page = viewer_client.get(
        reverse("customers:customer-list", args=[dataset.slug]) + f"?{age.pk}.from=25&{city.pk}.is=Bern"
    )
    assert listed(page) == ["A"]
    chips = {condition.words: address for condition, address in page.context["listing"].chips}
    assert chips == {"Age from 25": f"?{city.pk}.is=Bern", "City is “Bern”": f"?{age.pk}.from=25"}
    assert "1 of 3 customers" in page.content.decode()


def test_a_selection_that_nobody_meets_leads_back_to_everybody(viewer_client, import_file, dataset):
    import_file("CustomerID,Age\nA,50\n")
    page = viewer_client.get(reverse("customers:customer-list", args=[dataset.slug]), {"id": "Z"})
    assert "No customers match" in page.content.decode()
    assert "Clear all filters" in page.content.decode()


def test_the_form_of_a_filter_offers_the_values_that_there_are(viewer_client, import_file, dataset):
    rows = "".join(f"{number},{20 + number},{'Bern' if number % 4 else 'Chur'}\n" for number in range(40))
    import_file(f"CustomerID,Age,City\n{rows}")
    age, city = dataset.attributes.all()
    url = reverse("customers:customer-list", args=[dataset.slug])
    editor = viewer_client.get(f"{url}?{city.pk}.is=Rom&filter={city.pk}&sort=-customer").context["editor"]
    offered = [(each.value, each.share, each.is_chosen) for each in editor.choices]
    assert offered == [("Bern", 0.75, False), ("Chur", 0.25, False), ("Rom", None, True)]
    assert editor.kept == (("sort", "-customer"),)
    assert viewer_client.get(f"{url}?filter={age.pk}").context["editor"].middle == (29.0, 49.0)


def test_a_list_of_customers_takes_few_queries(
    viewer_client, import_file, dataset, django_assert_max_num_queries
):
    import_file("CustomerID,Age\n" + "".join(f"{number},30\n" for number in range(120)))
    with django_assert_max_num_queries(12):
        viewer_client.get(reverse("customers:customer-list", args=[dataset.slug]))


def test_an_empty_dataset_explains_what_to_do(viewer_client, dataset):
    page = viewer_client.get(reverse("customers:customer-list", args=[dataset.slug]))
    assert b"There are no customers yet" in page.content
