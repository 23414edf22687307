"""A deleted dataset is gone from every address at once, whatever is still there."""

import pytest

from segmentation.deletion import delete_dataset
from segmentation.models import ClusterAssignment
from tests.segmenter.security.test_permissions import address, read_table

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_deleted_dataset_is_out_of_sight_before_anything_is_cleared_away(
    world, administrator_client, make_dataset
):
    pages = {path: address(path, world.arguments) for path in read_table() if "<" in path}
    own = ("slug:", "import_id", "segmentation_id", "run_id", "export_id")
    pages = {path: where for path, where in pages.items() if any(name in path for name in own)}
    lists = ["/", "/datasets/", "/runs/", "/jobs/?state=queued", f"/jobs/{world.run.job_id}/"]
    name = world.dataset.name
    delete_dataset(world.dataset)
    assert ClusterAssignment.objects.filter(run=world.run).exists()
    assert len(pages) > 25
    found = {path: administrator_client.get(where).status_code for path, where in pages.items()}
    assert {path: status for path, status in found.items() if status not in (404, 405)} == {}
    found = {path: administrator_client.post(where).status_code for path, where in pages.items()}
    assert {path: status for path, status in found.items() if status not in (403, 404, 405)} == {}
    for where in lists:
        page = administrator_client.get(where)
        assert page.status_code == 200, where
        assert f">{name}<" not in page.content.decode(), where
    assert make_dataset(name=name).slug == "shop"
