"""Short rules in words: on a segment's page, and by the command."""

import pytest
from django.core.management import CommandError, call_command

from segmentation.analysis.rules.readable import Condition, ReadableRule
from segmentation.models import SegmentationRun
from segmentation.segments.readable import rules_of, word_rule


@pytest.mark.parametrize(
    ("box", "words"),
    [
        ([("Income", "at-least", 1500.0)], "Income at least 1,500"),
        ([("Income", "at-least", 40.0), ("Income", "below", 70.5)], "Income from 40 to below 70.5"),
        (
            [("Age", "below", 30.0), ("Town", "is-not", "Ulm"), ("Newsletter", "yes", None)],
            "Age below 30, Town: not Ulm and Newsletter: yes",
        ),
        ([("Town", "is", "Ulm"), ("App", "no", None)], "Town: Ulm and App: no"),
        ([("Town", "is-not", "Ulm"), ("Town", "is-not", "Bonn")], "Town: not Ulm and Town: not Bonn"),
    ],
)
def test_a_box_is_said_in_words(box, words):
    conditions = tuple(
        Condition(name, test, text=value) if isinstance(value, str) else Condition(name, test, value)
        for name, test, value in box
    )
    told = word_rule(ReadableRule(0, (conditions,), 0.978, 1.0, 10_000, 1_234))
    assert told.boxes == [words]
    assert told.measured == (
        "Of 1,234 customers who fit, 97\xa0% are in it; of the segment 100\xa0% fit."
        " Measured on 10,000 customers who were not used to make the rule."
    )


@pytest.mark.django_db(transaction=True)
def test_the_segments_page_and_the_command_tell_the_rule(
    make_dataset, execute_a_run, viewer_client, analyst_client, capsys
):
    incomes = [float(20 + 50 * (number % 2) + number % 7) for number in range(200)]
    run = execute_a_run(make_dataset({"Income": incomes, "Score": [float(n % 5) for n in range(200)]}), k=2)
    first, second = run.clusters.select_related("segment")
    assert len(rules_of(run)) == 2
    page = analyst_client.get(first.get_absolute_url()).content.decode()
    box = word_rule(rules_of(run)[0]).boxes[0]
    assert f"<strong>{box}</strong>" in page
    assert f"“{first.segment.neutral_name}”" in page
    assert f"/runs/{run.pk}/rule/spreadsheet/" in page
    page = viewer_client.get(first.get_absolute_url()).content.decode()
    assert box in page
    assert "/rule/spreadsheet/" not in page
    call_command("rules", str(run.pk), "--format", "words")
    told = capsys.readouterr().out
    assert f"1. {first.segment.name}\n   {box}\n   Of " in told
    assert f"2. {second.segment.name}\n" in told


@pytest.mark.django_db(transaction=True)
def test_where_no_rule_holds_the_page_says_so_and_an_earlier_release_knows_none(
    make_dataset, execute_a_run, viewer_client
):
    run = execute_a_run(make_dataset({"Income": [1.0, 2, 3, 50, 51, 52], "Score": [1.0, 2, 1, 2, 1, 2]}), k=2)
    address = run.clusters.first().get_absolute_url()
    assert "No short rule" in viewer_client.get(address).content.decode()
    SegmentationRun.objects.filter(pk=run.pk).update(model={})
    assert "No short rule" not in viewer_client.get(address).content.decode()
    with pytest.raises(CommandError, match="Run it again"):
        call_command("rules", str(run.pk), "--format", "words")
