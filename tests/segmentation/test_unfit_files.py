"""Files that can be imported but not segmented: the run says why."""

import io

import pytest

from customers.importing.pipeline import create_dataset, import_now
from jobs.models import Job
from segmentation.runs.errors import RunRefusedError

HEADER = "CustomerID,Income,Score\n"


@pytest.fixture
def bring_in(transactional_db):
    def import_file(rows):
        dataset = create_dataset("Unfit")
        assert import_now(dataset, io.BytesIO((HEADER + rows).encode()), "unfit.csv").rejected_count == 0
        dataset.refresh_from_db()
        return dataset

    return import_file


@pytest.mark.bad_input(83)
@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ("1,30,5\n", "Only one customer"),
        ("1,30,5\n2,40,5\n3,50,5\n", "Score"),
        ("1,30,5\n2,30,5\n3,30,5\n", "same value for every customer"),
    ],
    ids=["one customer", "a constant column", "identical rows"],
)
def test_a_file_that_cannot_be_segmented_gives_a_run_that_says_why(execute_a_run, bring_in, rows, sentence):
    run = execute_a_run(bring_in(rows))
    assert run.job.state == Job.State.FAILED
    assert sentence in run.job.error
    assert run.k is None


@pytest.mark.bad_input(83)
def test_more_segments_than_customers_are_refused_at_once(execute_a_run, bring_in):
    with pytest.raises(RunRefusedError, match="3 segments need at least 3 customers; there are 2"):
        execute_a_run(bring_in("1,30,5\n2,40,6\n"), k=3)
