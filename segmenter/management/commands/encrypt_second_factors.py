"""Encrypt second factors anew, after a key has been added."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from allauth.mfa.models import Authenticator
from django.core.management.base import BaseCommand, CommandError

from audit.recording import record
from segmenter.accounts.second_factors import encrypt_all


class Command(BaseCommand):
    help = (
        "Encrypt the secrets of all second factors with the first key of MFA_KEY (or the one derived from "
        "SECRET_KEY). Afterwards the other keys are no longer needed."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--remove-unreadable",
            action="store_true",
            help="remove second factors whose key is lost; these people log in with the password alone",
        )

    def handle(self, *, remove_unreadable: bool, **options: Any) -> None:
        done = encrypt_all(Authenticator.objects.exclude(type=Authenticator.Type.WEBAUTHN))
        self.stdout.write(f"{done.written} second factors are encrypted with the first key.")
        if not done.unreadable:
            return
        lost = Authenticator.objects.filter(pk__in=done.unreadable).select_related("user")
        people = sorted({each.user.get_username() for each in lost})
        if not remove_unreadable:
            raise CommandError(
                f"The key of the second factors of {', '.join(people)} is missing: add it to MFA_KEY, "
                "or remove these with --remove-unreadable."
            )
        for each in lost:
            record(None, "removed a second factor", each.user)
            each.delete()
        self.stdout.write(f"Removed, because their key is lost: those of {', '.join(people)}.")
