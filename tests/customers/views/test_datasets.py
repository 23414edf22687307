from django.urls import reverse

from customers.models import Dataset


def test_the_list_of_datasets_teaches_when_there_is_none(analyst_client):
    page = analyst_client.get(reverse("customers:dataset-list"))
    assert b"There is no dataset yet" in page.content
    assert reverse("customers:dataset-create").encode() in page.content


def test_a_new_dataset_leads_to_its_first_file(analyst_client):
    page = analyst_client.post(reverse("customers:dataset-create"), {"name": "Löwen & Co"})
    dataset = Dataset.objects.get()
    assert dataset.slug == "lowen-co"
    assert page.headers["Location"] == reverse("customers:import-create", args=["lowen-co"])


def test_a_name_that_is_taken_is_said_in_words(analyst_client):
    Dataset.objects.create(name="Shop", slug="shop")
    page = analyst_client.post(reverse("customers:dataset-create"), {"name": "Shop"})
    assert b"already exists" in page.content


def test_a_dataset_that_would_be_called_new_gets_another_address(analyst_client):
    analyst_client.post(reverse("customers:dataset-create"), {"name": "New"})
    assert Dataset.objects.get().slug == "new-2"


def test_a_dataset_shows_what_it_knows(viewer_client, bring, dataset):
    bring("CustomerID,Age\n1,30\n2,41\n")
    page = viewer_client.get(dataset.get_absolute_url()).content.decode()
    assert "<strong>2</strong> customers" in page
    assert "Age" in page


def test_the_values_of_each_attribute_stand_beside_what_is_allowed(viewer_client, bring, dataset):
    bring("CustomerID,Age,Town\n1,30,Ulm\n2,41,Bonn\n3,,Ulm\n")
    dataset.attributes.filter(name="Age").update(is_whole=True, minimum=1, maximum=120)
    page = viewer_client.get(reverse("customers:dataset-overview", args=[dataset.slug]))
    assert [(attribute.name, each.name) for attribute, each in page.context["rows"]] == [
        ("Age", "Age"),
        ("Town", "Town"),
    ]
    words = " ".join(page.content.decode().split())
    assert "whole numbers from 1 to 120" in words
    assert "Ulm <span" in words


def test_customers_are_paged_by_key_and_found_by_the_beginning_of_their_id(viewer_client, bring, dataset):
    bring("CustomerID,Age\n" + "".join(f"A{number:03},30\n" for number in range(120)))
    url = reverse("customers:customer-list", args=[dataset.slug])
    page = viewer_client.get(url)
    assert [customer.customer_id for customer, _ in page.context["rows"]][-1] == "A049"
    page = viewer_client.get(url, {"after": page.context["page"].next})
    assert next(customer.customer_id for customer, _ in page.context["rows"]) == "A050"
    page = viewer_client.get(url, {"q": "A11"})
    assert len(page.context["rows"]) == 10


def test_a_list_of_customers_takes_few_queries(viewer_client, bring, dataset, django_assert_max_num_queries):
    bring("CustomerID,Age\n" + "".join(f"{number},30\n" for number in range(120)))
    with django_assert_max_num_queries(12):
        viewer_client.get(reverse("customers:customer-list", args=[dataset.slug]))


def test_an_empty_dataset_teaches(viewer_client, dataset):
    page = viewer_client.get(reverse("customers:customer-list", args=[dataset.slug]))
    assert b"There are no customers yet" in page.content
