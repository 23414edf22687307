"""Second factors are kept encrypted: who reads the database, or a dump of it, cannot log in with them.

The keys lie outside the database. The first one encrypts, all of them decrypt: those of `MFA_KEY`, then one
derived from the secret key.
"""

from __future__ import annotations

import base64
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.translation import gettext as _

logger = logging.getLogger(__name__)

MARK = "encrypted:"
# Where allauth keeps secrets: of an authenticator app, of recovery codes, and of codes of earlier releases.
SECRETS = ("secret", "seed", "migrated_codes")
PURPOSE = b"segmenter: second factors"


class UnreadableSecondFactor(PermissionDenied):
    """The key it was encrypted with is missing; the text is for the person who logs in."""


@dataclass(frozen=True)
class Encrypted:
    """What `encrypt_all` did: how many second factors it wrote, and the ids of those that no key reads."""

    written: int
    unreadable: Sequence[int]


def encrypt(text: str) -> str:
    return MARK + _keys().encrypt(text.encode()).decode()


def decrypt(text: str) -> str:
    """The secret; one from before it was encrypted is returned as it is.

    Raises
    ------
    UnreadableSecondFactor
        None of the keys is the one.
    """
    if not text.startswith(MARK):
        return text
    try:
        return _keys().decrypt(text.removeprefix(MARK)).decode()
    except InvalidToken:
        logger.exception("a second factor cannot be decrypted: MFA_KEY or SECRET_KEY is not what it was")
        raise UnreadableSecondFactor(
            _(
                "Your second factor can no longer be read, because the key it was encrypted with is missing. "
                "Ask an administrator to remove it; then set up a new one."
            )
        ) from None


def encrypt_all(authenticators: Any) -> Encrypted:
    """Encrypt the secrets of these rows with the first key, whichever key they were encrypted with."""
    return _rewrite(authenticators, lambda text: encrypt(decrypt(text)))


def decrypt_all(authenticators: Any) -> Encrypted:
    """Write the secrets as they are, for a release that does not encrypt them."""
    return _rewrite(authenticators, decrypt)


def _rewrite(authenticators: Any, rewrite: Callable[[str], str]) -> Encrypted:
    written, unreadable = 0, []
    with transaction.atomic():
        for row in authenticators.select_for_update().order_by("pk"):
            try:
                secrets = {name: row.data[name] for name in SECRETS if name in row.data}
                row.data |= {
                    name: list(map(rewrite, value)) if isinstance(value, list) else rewrite(value)
                    for name, value in secrets.items()
                }
            except UnreadableSecondFactor:
                unreadable.append(row.pk)
                continue
            row.save(update_fields=["data"])
            written += 1
    return Encrypted(written, unreadable)


def _keys() -> MultiFernet:
    return _keys_from(tuple(settings.MFA_KEY), settings.SECRET_KEY)


@lru_cache(maxsize=4)
def _keys_from(given: tuple[str, ...], secret_key: str) -> MultiFernet:
    """The keys, each derived from a text: none of them is the text itself."""
    derived = [
        HKDF(SHA256(), length=32, salt=None, info=PURPOSE).derive(text.encode())
        for text in (*given, secret_key)
    ]
    return MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in derived])
