"""Runs the site's processes: restarts any that die, and stops them all in reverse order."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from segmenter.embedded import processes

FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0
STEADY_AFTER_SECONDS = 60.0


@dataclass(frozen=True)
class Program:
    """What to run, how to end it, and how long it may take over that.

    `signal_if_orphaned` reaches it when its supervisor was killed: then nobody waits for a graceful end.
    """

    name: str
    arguments: Sequence[str | Path]
    stop_signal: signal.Signals
    signal_if_orphaned: signal.Signals
    patience_seconds: float


@dataclass
class _Child:
    program: Program
    process: "subprocess.Popen[bytes] | None" = None
    started_at: float = 0.0
    start_at: float = 0.0
    pause: float = field(default=FIRST_PAUSE_SECONDS)

    def is_alive(self) -> bool:
        return self.process is not None and self.process.poll() is None


class Supervisor:
    """Keeps programs running, in the order given, until `stop`.

    Parameters
    ----------
    programs
        Started in this order, stopped in reverse.
    environment
        Of every program.
    folder
        Where they run.
    say
        Told in a sentence what happens.
    """

    def __init__(
        self,
        programs: Sequence[Program],
        *,
        environment: dict[str, str],
        folder: Path,
        say: Callable[[str], None],
    ) -> None:
        self._children = [_Child(program) for program in programs]
        self._environment = environment
        self._folder = folder
        self._say = say

    def look_after(self) -> None:
        """Start what is not running, unless it died a moment ago: call it repeatedly."""
        now = time.monotonic()
        for child in self._children:
            if child.process is not None and child.process.poll() is not None:
                self._bury(child, child.process.returncode)
            if child.process is None and now >= child.start_at:
                self._start(child)

    def is_alive(self, name: str) -> bool:
        """Tell whether the program of that name runs just now."""
        return any(child.is_alive() for child in self._children if child.program.name == name)

    def stop(self, is_urgent: Callable[[], bool] = lambda: False) -> None:
        """End the programs in reverse order; one that outlasts its patience, or `is_urgent`, is killed."""
        for child in reversed(self._children):
            if child.process is not None:
                self._stop(child, child.process, is_urgent)

    def _start(self, child: _Child) -> None:
        child.started_at = time.monotonic()
        child.process = processes.start_bound(
            child.program.arguments,
            signal_if_orphaned=child.program.signal_if_orphaned,
            cwd=self._folder,
            env=self._environment,
        )

    def _bury(self, child: _Child, code: int) -> None:
        now = time.monotonic()
        if now - child.started_at > STEADY_AFTER_SECONDS:
            child.pause = FIRST_PAUSE_SECONDS
        end = processes.describe_exit(code)
        self._say(f"The {child.program.name} was {end}; starting it again in {child.pause:.0f} s.")
        child.process, child.start_at = None, now + child.pause
        child.pause = min(2 * child.pause, LONGEST_PAUSE_SECONDS)

    def _stop(self, child: _Child, process: "subprocess.Popen[bytes]", is_urgent: Callable[[], bool]) -> None:
        process.send_signal(child.program.stop_signal)
        give_up_at = time.monotonic() + child.program.patience_seconds
        while process.poll() is None and time.monotonic() < give_up_at and not is_urgent():
            time.sleep(0.05)
        if process.poll() is None:
            self._say(f"The {child.program.name} takes too long to stop: killing it.")
            # Its session, so that processes it started end as well.
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
