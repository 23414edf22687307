"""Digests in place of customers."""

import re

from audit.pseudonyms import digest_of


def test_a_digest_is_short_and_says_nothing():
    assert re.fullmatch(r"hmac:[0-9a-f]{32}", digest_of("C-1001"))
    assert digest_of("C-1001") != digest_of("C-1002")


def test_case_and_spaces_around_make_no_difference():
    assert digest_of(" Anna@Shop.example ") == digest_of("anna@shop.example")


def test_with_another_key_it_is_another(settings):
    before = digest_of("C-1001")
    settings.AUDIT_KEY = "another"
    assert digest_of("C-1001") != before
