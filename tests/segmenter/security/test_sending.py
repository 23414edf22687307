"""Sending too much, or something other than announced. What is too slow: tests/segmenter/serving/."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from customers.models import CustomerImport

pytestmark = pytest.mark.django_db(transaction=True)


def upload(client, path, size, **said):
    file = SimpleUploadedFile("customers.csv", b"CustomerID,Income\n" + b"1,2\n" * (size // 4))
    return client.post(path, {"file": file}, **said)


def test_people_who_may_not_import_cannot_fill_the_disk(viewer_client, shop, settings):
    many = settings.FILE_UPLOAD_MAX_MEMORY_SIZE + 1
    to_import = reverse("customers:import-create", args=[shop.slug])
    before = CustomerImport.objects.count()
    tried = [(Client(), "/accounts/login/"), (Client(), to_import), (viewer_client, to_import)]
    assert [upload(client, path, many).status_code for client, path in tried] == [413, 413, 413]
    assert CustomerImport.objects.count() == before


def test_a_file_within_the_limit_is_accepted_and_a_larger_one_is_not(analyst_client, shop, settings):
    settings.IMPORT_MAX_BYTES = 2 * settings.FILE_UPLOAD_MAX_MEMORY_SIZE
    to_import = reverse("customers:import-create", args=[shop.slug])
    assert upload(analyst_client, to_import, settings.FILE_UPLOAD_MAX_MEMORY_SIZE + 1).status_code == 302
    assert list(settings.FILE_UPLOAD_TEMP_DIR.iterdir()) == []  # it has arrived
    refused = upload(analyst_client, to_import, 4 * settings.FILE_UPLOAD_MAX_MEMORY_SIZE)
    assert refused.status_code == 413
    assert "too large" in refused.content.decode()


def test_an_understated_content_length_does_not_help(analyst_client, shop):
    to_import = reverse("customers:import-create", args=[shop.slug])
    before = CustomerImport.objects.count()
    answer = upload(analyst_client, to_import, 5000, CONTENT_LENGTH="150")
    assert answer.status_code in (200, 400)  # half a form: refused, or shown again
    assert CustomerImport.objects.count() == before


@pytest.mark.parametrize("fields", [1001, 5000])
def test_more_fields_than_any_form_has_are_refused(from_address, fields):
    many = {f"field{number}": "x" for number in range(fields)}
    assert from_address().post("/accounts/login/", many).status_code == 400


def test_more_files_than_any_form_has_are_refused(analyst_client, shop):
    many = {f"file{number}": SimpleUploadedFile("a.csv", b"x") for number in range(101)}
    to_import = reverse("customers:import-create", args=[shop.slug])
    assert analyst_client.post(to_import, many).status_code == 400
