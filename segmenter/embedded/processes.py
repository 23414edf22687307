"""Child processes that do not outlive the process that started them."""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


def start_bound(
    arguments: Sequence[str | Path], *, signal_if_orphaned: signal.Signals, **options: Any
) -> "subprocess.Popen[bytes]":
    """Start a child in a session of its own that gets a signal should this process die, even by SIGKILL.

    Only Linux has such a signal; elsewhere an orphan stays until it is stopped by hand. Call it from the
    main thread: the kernel counts the death of the thread that started the child.

    Parameters
    ----------
    signal_if_orphaned
        What the child receives from the kernel when this process is gone.
    options
        For `subprocess.Popen`.
    """
    return subprocess.Popen(
        arguments,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=_bind_to(os.getpid(), signal_if_orphaned),  # noqa: PLW1509 - two system calls, no lock
        **options,
    )


def _bind_to(parent: int, orphan_signal: signal.Signals) -> Callable[[], None]:
    # Runs after a change of user, which would undo it, and before exec, which keeps it.
    return lambda: follow_into_death(parent, orphan_signal)


def follow_into_death(parent: int, orphan_signal: signal.Signals) -> None:
    """Have the kernel send this process a signal when its parent dies; only Linux can."""
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, int(orphan_signal))
        if os.getppid() != parent:  # it died a moment before
            os._exit(1)


def describe_exit(code: int) -> str:
    """Say in words how a process ended, from its return code."""
    return f"stopped by {signal.Signals(-code).name}" if code < 0 else f"ended by itself (exit code {code})"
