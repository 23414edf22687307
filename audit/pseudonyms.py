"""What the audit trail says in place of a customer's id or a searched text: a keyed digest.

The trail is kept for years and read by people who need not know any customer, so it holds none. Whoever asks
whether a given customer was meant writes the id into the filter “About a customer” of the audit page: it
looks for the digest of what was typed. Without the key nobody can try out ids one after another.
"""

import hmac
import unicodedata

from django.conf import settings

PREFIX = "hmac:"
LENGTH = 32


def digest_of(text: object) -> str:
    """Return `hmac:` and 32 hexadecimal digits, the same for texts that differ only in case or spaces.

    The key is `AUDIT_KEY`; with another key nobody can tell any more whom the old digests mean.
    """
    plain = unicodedata.normalize("NFC", " ".join(str(text).split()).casefold())
    return PREFIX + hmac.digest(settings.AUDIT_KEY.encode(), plain.encode(), "sha256").hex()[:LENGTH]
