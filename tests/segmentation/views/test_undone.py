"""Results from an undone import stay readable, and the page says so."""

import pytest

from customers.storage.versions import undo_import

# Runs have a heartbeat on a separate connection, which only sees what is committed.
pytestmark = pytest.mark.django_db(transaction=True)
SENTENCE = b"was undone"


def test_a_run_on_an_undone_import_is_readable_and_says_so(viewer_client, shop, execute_a_run):
    run = execute_a_run(shop, k=3)
    assert SENTENCE not in viewer_client.get(run.get_absolute_url()).content
    assert undo_import(shop.current_version)
    page = viewer_client.get(run.get_absolute_url())
    assert page.status_code == 200
    assert SENTENCE in page.content
    assert viewer_client.get(run.clusters.first().get_absolute_url()).status_code == 200
