"""Characters that nothing can store, wherever they stand in a request."""

import pytest
from django.test import Client
from django.test.client import BOUNDARY
from django.urls import reverse

from customers.models import Dataset

pytestmark = pytest.mark.django_db
CREATE = reverse("customers:dataset-create")
FORM = "application/x-www-form-urlencoded"
MULTIPART = f"multipart/form-data; boundary={BOUNDARY}"


def part(disposition: str, content: bytes = b"x", end: str = "--") -> bytes:
    head = f"--{BOUNDARY}\r\nContent-Disposition: form-data; {disposition}\r\n\r\n".encode()
    return head + content + f"\r\n--{BOUNDARY}{end}\r\n".encode()


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"name=a%00b", FORM),
        (b"name=Shop&n%00=1", FORM),
        (b"name=a%00b", f"{FORM}; charset=utf-8"),
        (part('name="name"', b"a\0b"), MULTIPART),
        # Encodings that can write half a pair of surrogates, or are for something else than text.
        (part('name="name"', b"+2AA-"), f"{MULTIPART}; charset=utf-7"),
        (part('name="name"', b"\\ud800"), f"{MULTIPART}; charset=raw_unicode_escape"),
        (part('name="name"', b"Shop"), f"{MULTIPART}; charset=rot13"),
        (b"name=Shop", f"{FORM}; charset=rot13"),
        (part("name=\"name\"; filename*=nonsense''x"), MULTIPART),
        (part("name=\"name\"; filename*=utf-7''+2AA-"), MULTIPART),
    ],
)
def test_a_form_with_characters_that_nothing_can_store_is_refused(analyst_client, body, content_type):
    answer = analyst_client.generic("POST", CREATE, body, content_type=content_type)
    assert answer.status_code in (200, 400)
    assert "name" in answer.content.decode()[:20_000]
    assert not Dataset.objects.exists()


def test_the_page_says_what_to_do(analyst_client):
    page = analyst_client.post(CREATE, {"name": "a\0b"})
    assert page.status_code == 400
    assert "a character in it that cannot be stored. Go back" in page.content.decode()


@pytest.mark.parametrize(
    "address", ["/datasets/?page=%00", "/datasets/?%00=1", "/runs/?sort=%00", "/static/%00"]
)
def test_an_address_with_nul_is_refused(analyst_client, address):
    assert analyst_client.get(address).status_code == 400


def test_an_address_in_another_encoding_is_refused(analyst_client):
    for charset in ("utf-7", "unicode_escape"):
        headers = {"Content-Type": f"text/plain; charset={charset}"}
        answer = analyst_client.get("/glossary/?next=%5Cud800+2AA-", headers=headers)
        assert answer.status_code == 400


@pytest.mark.parametrize("cookie", ['sessionid="abcdefgh\\000"', 'csrftoken="\\000"', 'a"\\000"="\\000"'])
def test_a_cookie_with_nul_is_as_good_as_none(db, cookie):
    answer = Client(HTTP_COOKIE=cookie).get("/")
    assert (answer.status_code, "/accounts/login/" in answer.url) == (302, True)


@pytest.mark.parametrize(
    "header", ["X-Forwarded-For", "User-Agent", "Referer", "Accept-Language", "If-None-Match"]
)
def test_a_header_with_nul_is_as_good_as_none(db, header, settings):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    answer = Client(headers={header: "1\0"}).post("/accounts/login/", {"login": "maria", "password": "x"})
    assert answer.status_code == 200
