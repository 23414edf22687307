"""Write a file of made-up customers with five planted groups."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from customers.synthetic import write_customers


class Command(BaseCommand):
    help = "Write a CSV file of made-up customers with five planted groups, of any size."
    requires_system_checks: list[str] = []
    needs_tables = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="the file to write to")
        parser.add_argument("--rows", type=int, required=True, help="how many customers")
        parser.add_argument(
            "--random-state", type=int, default=0, help="another number gives other customers"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["rows"] < 1:
            raise CommandError("--rows must be 1 or more.", returncode=2)
        if not 0 <= options["random_state"] < 2**32:
            raise CommandError("--random-state must be between 0 and 4294967295.", returncode=2)
        try:
            with options["file"].open("w", encoding="utf-8", newline="") as stream:
                write_customers(stream, options["rows"], random_state=options["random_state"])
        except OSError as error:
            raise CommandError(
                f"{options['file']} could not be written: {error.strerror}.", returncode=2
            ) from error
        self.stdout.write(f"{options['rows']} customers written to {options['file']}.")
