"""Inject faults, again and again, and count the losses: `python tests/faults --help`."""

from __future__ import annotations

import argparse
import importlib
import logging
import os
import secrets
import shutil
import sys
import tempfile
import time
import traceback
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
CHECKOUT = HERE.parent.parent
sys.path.insert(1, str(CHECKOUT))

from fault_stage import Stage, prepare_environment  # noqa: E402

from segmenter.embedded import servers  # noqa: E402

BEGIN, END = "<!-- faults: begin -->", "<!-- faults: end -->"


@dataclass(frozen=True)
class Line:
    """The result of one injection."""

    number: str
    title: str
    rounds: int
    worst: float
    losses: int


def main() -> int:
    options = read_options()
    scale = 1.0 if options.shipped else options.scale
    data_dir = make_folder()
    try:
        prepare_environment(data_dir, scale)
        lines, failures = play_all(options, data_dir, scale)
    finally:
        servers.release(data_dir)
        if options.keep:
            say(f"Logs are in {data_dir}")
        else:
            shutil.rmtree(data_dir, ignore_errors=True)
    table = as_table(lines, scale)
    say(f"\n{table}")
    if options.write and not failures:
        write_table(table, "shipped" if scale == 1 else "scaled")
    for failure in failures:
        say(failure)
    return 1 if failures else 0


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python tests/faults", description=__doc__)
    parser.add_argument("--rounds", type=int, default=20, help="of each kill (default 20)")
    parser.add_argument("--scale", type=float, default=10, help="timings are divided by this (default 10)")
    parser.add_argument("--shipped", action="store_true", help="one round with the shipped timings")
    parser.add_argument("--short", action="store_true", help="one round of the most important")
    parser.add_argument("--only", nargs="*", default=[], metavar="NUMBER", help="only these injections")
    parser.add_argument("--rows", type=int, default=3000, help="customers of the dataset")
    parser.add_argument("--write", action="store_true", help="keep the table in docs/reliability.md")
    parser.add_argument("--keep", action="store_true", help="keep the logs")
    return parser.parse_args()


def make_folder() -> Path:
    """The suite's own folder, which PostgreSQL's account can enter."""
    account = servers.server_account(Path("/nowhere"))
    candidates = [Path(tempfile.gettempdir()), Path("/tmp"), Path("/var/tmp")]  # noqa: S108
    reachable = [folder for folder in candidates if servers.may_enter(account, folder)]
    folder = reachable[0] / f"segmenter-faults-{os.getpid()}-{secrets.token_hex(4)}"
    servers.make_data_folder(folder)
    (folder / "static").mkdir()
    return folder


def play_all(options: argparse.Namespace, data_dir: Path, scale: float) -> tuple[list[Line], list[str]]:
    import django

    django.setup()
    logging.disable()  # the workers' own logs have this already
    from django.core.management import call_command
    from fault_play import Play

    call_command("migrate", verbosity=0, interactive=False)
    stage = Stage(data_dir, scale)
    play = Play(stage, options.rows)
    lines: list[Line] = []
    failures: list[str] = []
    try:
        play.prepare()
        if not options.short:
            stage.start_web()
        for injection in chosen(options):
            rounds = 1 if options.shipped or options.short or not injection.is_kill else options.rounds
            line, complaints = play_one(injection, play, rounds)
            lines.append(line)
            failures += complaints
    finally:
        stage.stop()
    return lines, failures


def chosen(options: argparse.Namespace) -> list:
    from fault_injections import INJECTIONS

    for module in ("fault_workers", "fault_servers", "fault_limits", "fault_exports"):
        importlib.import_module(module)  # puts its injections into the list
    wanted = [injection for injection in INJECTIONS if injection.is_short or not options.short]
    return [injection for injection in wanted if not options.only or injection.number in options.only]


def play_one(injection, play, rounds: int) -> tuple[Line, list[str]]:
    """Run the rounds of an injection; a failed round is a loss, and the next one starts with new workers."""
    play.worst = 0.0
    complaints = []
    began = time.monotonic()
    for number in range(rounds):
        try:
            injection.play(play)
            play.check_nothing_wrong()
        except Exception as error:  # noqa: BLE001 - whatever it is, the table must show that something is wrong
            if str(error).startswith("skipped"):
                say(f"{injection.number}: {error}")
                return Line(injection.number, injection.title, 0, 0.0, 0), []
            complaints.append(f"{injection.number}, round {number + 1}: {error}\n{traceback.format_exc()}")
            say(f"{injection.number}, round {number + 1}: {error}")
            recover(play)
    seconds = time.monotonic() - began
    took = f"{rounds} rounds in {seconds:.0f} s, {len(complaints)} losses"
    say(f"{injection.number:>4} {injection.title}: {took}")
    return Line(injection.number, injection.title, rounds, play.worst, len(complaints)), complaints


def recover(play) -> None:
    from jobs.lifecycle import request_cancel
    from jobs.models import Job

    play.stage.release()
    for job_id in Job.objects.active().values_list("pk", flat=True):
        request_cancel(job_id)
    play.stage.replace_workers()
    play.stage.violations.unlink(missing_ok=True)


def say(sentence: str) -> None:
    sys.stdout.write(f"{sentence}\n")
    sys.stdout.flush()


def as_table(lines: list[Line], scale: float) -> str:
    timings = "shipped timings" if scale == 1 else f"timings divided by {scale:g}"
    rows = [
        f"| {line.number} | {line.title} | {line.rounds or 'skipped'} | "
        f"{f'{line.worst:.1f} s' if line.worst else '–'} | {line.losses} |"
        for line in lines
    ]
    head = f"| no | injection ({timings}) | rounds | worst recovery | losses |\n|---|---|---|---|---|"
    return "\n".join([head, *rows])


def write_table(table: str, which: str) -> None:
    path = CHECKOUT / "docs" / "reliability.md"
    begin, end = BEGIN.replace("faults", f"faults {which}"), END.replace("faults", f"faults {which}")
    before, _, rest = path.read_text().partition(begin)
    _, _, after = rest.partition(end)
    path.write_text(f"{before}{begin}\n\n{table}\n\n{end}{after}")


if __name__ == "__main__":
    sys.exit(main())
