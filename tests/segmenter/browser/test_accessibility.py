"""Accessibility: axe-core finds no violation on any page, light, dark and on a phone."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse

pytestmark = pytest.mark.django_db(transaction=True)
LOOKS = {
    "light": {"color_scheme": "light", "viewport": {"width": 1280, "height": 900}},
    "dark": {"color_scheme": "dark", "viewport": {"width": 1280, "height": 900}},
    "phone": {"color_scheme": "light", "viewport": {"width": 390, "height": 844}},
}


def addresses(shop, run, other, person, export) -> list[str]:
    """Every page that a person can open."""
    cluster = run.clusters.first()
    empty = [reverse("home"), reverse("customers:dataset-create"), reverse("people:person-invite")]
    lists = [reverse(name) for name in ("customers:dataset-list", "segmentation:run-list", "jobs:job-list")]
    account = [reverse(name) for name in ("account_change_password", "mfa_index", "account_logout")]
    of_dataset = ["customers:customer-list", "customers:import-create", "segmentation:run-create"]
    return [
        *empty,
        *lists,
        *account,
        reverse("people:person-list"),
        reverse("people:person-detail", args=[person.pk]),
        reverse("audit-list"),
        shop.get_absolute_url(),
        *(reverse(name, args=[shop.slug]) for name in of_dataset),
        reverse("segmentation:dataset-delete", args=[shop.slug]),
        shop.current_version.get_absolute_url(),
        reverse("customers:import-undo", args=[shop.current_version_id]),
        reverse("customers:dataset-overview", args=[shop.slug]),
        run.get_absolute_url(),
        reverse("segmentation:run-delete", args=[run.pk]),
        reverse("segmentation:run-export", args=[run.pk]),
        f"{cluster.get_absolute_url()}?was={other.pk}.1",
        run.segmentation.get_absolute_url(),
        reverse("segmentation:segmentation-rename", args=[run.segmentation_id]),
        reverse("segmentation:segment-edit", args=[run.segmentation_id, cluster.segment_id]),
        reverse("segmentation:run-compare"),
        f"{reverse('segmentation:run-compare')}?run={run.pk}&run={other.pk}",
        reverse("glossary"),
        cluster.get_absolute_url(),
        reverse("segmentation:segment-export", args=[run.pk, cluster.number]),
        reverse("segmentation:customers-export", args=[shop.slug]) + "?id=00",
        export.get_absolute_url(),
        reverse("customers:customer-detail", args=[shop.slug, cluster.typical[0]]),
    ]


def problems(page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [f"{each['id']}: {node['html'][:200]}" for each in found for node in each["nodes"]]


@pytest.mark.parametrize("look", LOOKS)
def test_no_page_has_a_barrier(open_context, log_in, member, shop, execute_a_run, export_in_background, look):
    run, other = execute_a_run(shop, k=5), execute_a_run(shop, k=4)
    export = export_in_background(run.clusters.first(), member)
    page = open_context(**LOOKS[look]).new_page()
    page.goto("/accounts/login/")
    found = {"/accounts/login/": problems(page)}
    log_in(page)
    for address in addresses(shop, run, other, member, export):
        assert page.goto(address).status == 200, address
        page.wait_for_load_state("networkidle")
        page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
        found[address] = problems(page)
        assert not page.evaluate("document.documentElement.scrollWidth > innerWidth + 1"), (
            f"{address} is too wide"
        )
    assert len(found) > 20
    assert not {address: said for address, said in found.items() if said}


@pytest.mark.parametrize("look", LOOKS)
def test_pages_with_nothing_in_them_have_no_barrier(open_context, log_in, member, look):
    page = open_context(**LOOKS[look]).new_page()
    log_in(page)
    found = {}
    for name in ("home", "customers:dataset-list", "segmentation:run-list", "jobs:job-list"):
        page.goto(reverse(name))
        found[name] = problems(page)
    assert not {name: said for name, said in found.items() if said}
