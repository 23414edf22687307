"""Creating imports, from the file to the job: used by the page, the command and the sample."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db import IntegrityError, transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from common.conflicts import ConflictError
from common.unique_names import unused_name
from customers.importing.errors import ImportRefusedError
from customers.importing.execute import Watch, execute_import
from customers.importing.options import ImportOptions
from customers.models import CustomerImport, Dataset
from customers.storage.uploads import Readable, delete_file, store_file
from jobs.lifecycle import create_foreground_job, create_job, retry
from jobs.requests import deduplicated

KIND = "import"
ATTEMPTS = 10
# Letters that Unicode does not decompose to plain ones, or not to the ones people write.
LETTERS = str.maketrans(
    {
        "ä": "ae",
        "ö": "oe",
        "ü": "ue",
        "Ä": "Ae",
        "Ö": "Oe",
        "Ü": "Ue",
        "ß": "ss",
        "æ": "ae",
        "ø": "o",
        "ł": "l",
    }
)


def create_dataset(name: str, user: AbstractBaseUser | AnonymousUser | None = None) -> Dataset:
    """Create an empty dataset with a unique slug.

    Raises
    ------
    ConflictError
        There is one of this name.
    """
    base = slugify(name.translate(LETTERS))[:90] or "dataset"
    values = {"name": name, "created_by": _authenticated(user)}
    for _attempt in range(ATTEMPTS):
        taken = set(Dataset.objects.filter(slug__startswith=base).values_list("slug", flat=True)) | {"new"}
        try:
            with transaction.atomic():
                return Dataset.objects.create(slug=unused_name(base, taken, joint="-"), **values)
        except IntegrityError:  # somebody else has just created one: of this name, or with this slug
            if Dataset.objects.filter(name=name).exists():
                break
    raise ConflictError(_("There is already a dataset called “%(name)s”.") % {"name": name})


def store_import(
    dataset: Dataset,
    file: Readable,
    name: str,
    user: AbstractBaseUser | AnonymousUser | None = None,
    *,
    options: ImportOptions | None = None,
) -> CustomerImport:
    """Store an uploaded file; nothing happens to it until `begin_import`.

    Raises
    ------
    ImportRefusedError
        It cannot be stored.
    """
    stored = store_file(file, name)
    with transaction.atomic():
        created = CustomerImport.objects.create(
            dataset=dataset,
            created_by=_authenticated(user),  # type: ignore[misc]
            file_id=stored.file_id,
            original_name=stored.name,
            size=stored.size,
            sha256=stored.sha256,
            options=(options or ImportOptions()).to_json(),
        )
        # The new row keeps others from deleting the dataset; who did so before is seen only now.
        if not Dataset.objects.filter(pk=dataset.pk).exists():
            delete_file(stored.file_id)
            raise ImportRefusedError(_("This dataset has just been deleted."))
        return created


def begin_import(
    customer_import: CustomerImport, user: AbstractBaseUser | AnonymousUser | None = None
) -> CustomerImport:
    """Queue the import for a worker; a second click finds it already queued.

    If the same file is already queued or being imported into the dataset, that import is returned and this
    one is deleted.

    Raises
    ------
    ConflictError
        Somebody has discarded it.
    JobRefusedError
        The user has too many active jobs.
    """
    return _forget_unless_begun(customer_import, _begin(customer_import, user))


def confirm_import(
    customer_import: CustomerImport,
    user: AbstractBaseUser | AnonymousUser | None,
    confirm: Callable[[CustomerImport], None],
) -> CustomerImport:
    """Keep what the person confirmed and queue the import as `begin_import` does, both or neither.

    Raises
    ------
    ConflictError
        Somebody has discarded it, or begun it with what they confirmed.
    JobRefusedError
        The user has too many active jobs.
    """
    return _forget_unless_begun(customer_import, _begin(customer_import, user, confirm))


def confirm_doubt(customer_import: CustomerImport, user: AbstractBaseUser | AnonymousUser | None) -> bool:
    """Queue an import again that asked whether its file is right; `False` if it is not asking.

    Raises
    ------
    JobAlreadyActive
        The same file is already being imported.
    JobRefusedError
        The user has too many active jobs.
    """
    with transaction.atomic():
        locked = CustomerImport.objects.select_for_update().get(pk=customer_import.pk)
        options = ImportOptions.from_json(locked.options)
        if not options.doubted or locked.job_id is None:
            return False
        confirmed = (*options.confirmed, options.doubted)
        locked.options = replace(options, doubted="", confirmed=confirmed).to_json()
        locked.save(update_fields=["options"])
        return retry(locked.job_id, user, although_refused=True)


def _forget_unless_begun(customer_import: CustomerImport, begun: CustomerImport) -> CustomerImport:
    if begun != customer_import:
        discard_import(customer_import)
    return begun


@deduplicated(CustomerImport)
def _begin(
    customer_import: CustomerImport,
    user: AbstractBaseUser | AnonymousUser | None,
    confirm: Callable[[CustomerImport], None] | None = None,
) -> CustomerImport:
    locked = CustomerImport.objects.select_for_update().filter(pk=customer_import.pk).first()
    if locked is None:
        raise ConflictError(_("Somebody else has discarded this file: upload it again to import it."))
    if confirm is not None:
        if locked.job_id is not None:
            raise ConflictError(_("Somebody else has just begun this import: here it is."))
        confirm(locked)
    if locked.job_id is None:
        # The lane makes imports of one dataset take turns; the key allows only one import of the same file.
        lane = _lane(locked)
        locked.job = create_job(KIND, user, title=str(locked), lane=lane, key=f"{lane} {locked.sha256}")
        locked.save(update_fields=["job"])
    return locked


def start_import(
    dataset: Dataset,
    file: Readable,
    name: str,
    user: AbstractBaseUser | AnonymousUser | None = None,
    *,
    options: ImportOptions | None = None,
) -> CustomerImport:
    """Store a file and queue its import; the worker works out the mapping, or refuses the file."""
    return begin_import(store_import(dataset, file, name, user, options=options), user)


def import_now(
    dataset: Dataset,
    file: Readable,
    name: str,
    *,
    options: ImportOptions | None = None,
    watch: Watch | None = None,
) -> CustomerImport:
    """Import a file in this process and return the import, however its job ended."""
    customer_import = store_import(dataset, file, name, options=options)
    customer_import.job = create_foreground_job(KIND, title=str(customer_import), lane=_lane(customer_import))
    customer_import.save(update_fields=["job"])
    execute_import(customer_import.job.pk, watch)
    return CustomerImport.objects.select_related("job", "dataset").get(pk=customer_import.pk)


def _lane(customer_import: CustomerImport) -> str:
    """The imports of one dataset take turns."""
    return f"import:{customer_import.dataset_id}"


def discard_import(customer_import: CustomerImport) -> bool:
    """Delete a waiting import with its file; `False` if it has begun, or somebody else has discarded it."""
    with transaction.atomic():
        waiting = CustomerImport.objects.select_for_update().filter(pk=customer_import.pk, job=None)
        is_mine = waiting.first() is not None
        if is_mine:
            CustomerImport.objects.filter(pk=customer_import.pk).delete()
            transaction.on_commit(partial(delete_file, customer_import.file_id), robust=True)
    return is_mine


def forget_import(customer_import: CustomerImport) -> None:
    """Delete an import that changed nothing, with its job and file."""
    job = customer_import.job
    customer_import.delete()
    if job is not None:
        job.delete()
    delete_file(customer_import.file_id)


def _authenticated(user: AbstractBaseUser | AnonymousUser | None) -> AbstractBaseUser | AnonymousUser | None:
    return user if user is not None and user.is_authenticated else None
