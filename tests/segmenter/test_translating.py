"""Charts and analysis know no Django, and yet speak the language of whoever reads them."""

import numpy as np
import pytest
from django.utils import translation

from segmenter import translating
from segmenter.analysis.errors import TooFewCustomersError
from segmenter.analysis.features import prepare_features
from segmenter.charts.descriptions import describe_elbow
from segmenter.charts.inputs import ElbowChart
from segmenter.translating import join_words, use_catalogue


class Shouting:
    """A language that shouts what it says; placeholders stay as they are."""

    def gettext(self, message):
        return message.replace("elbow", "ELBOW").replace("customers", "CUSTOMERS")

    def ngettext(self, singular, plural, number):
        return self.gettext(singular if number == 1 else plural)


@pytest.fixture
def shouting():
    use_catalogue(Shouting())
    yield
    use_catalogue(translation)


def test_the_site_brings_its_catalogue():
    assert translating._catalogue is translation


def test_a_chart_is_described_in_the_language_of_its_reader(shouting):
    assert "no clear ELBOW" in describe_elbow(ElbowChart(ks=(1, 2), inertias=(4.0, 2.0)))


def test_analysis_refuses_in_the_language_of_the_site(shouting):
    with pytest.raises(TooFewCustomersError, match="no CUSTOMERS to segment"):
        prepare_features(np.empty((0, 1)), ["Age"])


def test_words_are_joined_as_people_do():
    assert join_words([]) == ""
    assert join_words(["elbow"]) == "elbow"
    assert join_words(["elbow", "recommended", "used"]) == "elbow, recommended and used"
