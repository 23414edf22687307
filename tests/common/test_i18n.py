"""Charts and analysis do not import Django, yet use the reader's language."""

import numpy as np
import pytest
from django.utils import translation

from common import i18n
from common.i18n import join_words, use_catalogue
from common.number_format import format_number, format_share, format_ticks
from common.templatetags.numbers import share
from segmentation.analysis.errors import TooFewCustomersError
from segmentation.analysis.features import prepare_features
from segmentation.charts.inputs import ElbowChart
from segmentation.charts.text.descriptions import describe_elbow
from segmenter.apps import read_signs


class Shouting:
    """A language in capital letters; placeholders are left unchanged."""

    def gettext(self, message):
        return message.replace("elbow", "ELBOW").replace("customers", "CUSTOMERS")

    def ngettext(self, singular, plural, number):
        return self.gettext(singular if number == 1 else plural)


@pytest.fixture
def shouting():
    use_catalogue(Shouting())
    yield
    use_catalogue(translation, read_signs)


def test_the_site_registers_its_catalogue():
    assert i18n._catalogue is translation


def test_a_chart_is_described_in_the_language_of_its_reader(shouting):
    assert "no clear ELBOW" in describe_elbow(ElbowChart(ks=(1, 2), inertias=(4.0, 2.0)))


def test_numbers_in_charts_have_the_signs_of_the_reader():
    with translation.override("de"):
        assert format_number(12_345.0) == "12.345"
        assert format_share(633, 1000) == "63,3\xa0%"
        assert format_ticks([0, 0.5, 1]) == ["0,0", "0,5", "1,0"]
    assert format_share(633, 1000) == "63.3\xa0%"


@pytest.mark.parametrize(("part", "words"), [(633, "63,3\xa0%"), (0.1, "weniger als 0,1\xa0%")])
def test_pages_and_charts_write_shares_alike(part, words):
    with translation.override("de"):
        assert share(part, 1000).replace("less than", "weniger als") == words
        assert format_share(part, 1000).replace("<", "weniger als ") == words


def test_analysis_refuses_in_the_language_of_the_site(shouting):
    with pytest.raises(TooFewCustomersError, match="no CUSTOMERS to segment"):
        prepare_features(np.empty((0, 1)), ["Age"])


def test_words_are_joined_as_people_do():
    assert join_words([]) == ""
    assert join_words(["elbow"]) == "elbow"
    assert join_words(["elbow", "recommended", "used"]) == "elbow, recommended and used"
