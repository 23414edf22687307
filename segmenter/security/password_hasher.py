"""How passwords are stored."""

from django.contrib.auth.hashers import Argon2PasswordHasher


class PasswordHasher(Argon2PasswordHasher):
    """Argon2id with OWASP's first choice of parameters: 19 MiB, two passes, one lane.

    Django's own choice (100 MiB, eight lanes) is no safer for a site like this: it takes nine times the
    processor and five times the memory, and thereby lets a few dozen logins at once stop everybody else.
    A password stored with other parameters is stored anew at the next login.
    """

    time_cost = 2
    memory_cost = 19 * 1024  # KiB
    parallelism = 1
