"""Unused names."""

from common.unique_names import unused_name


def test_a_taken_name_gets_the_first_free_number():
    assert unused_name("Shop", set()) == "Shop"
    assert unused_name("Shop", {"Shop", "Shop 2", "Shop 4"}) == "Shop 3"


def test_the_separator_can_be_chosen():
    assert unused_name("shop", {"shop"}, joint="-") == "shop-2"
