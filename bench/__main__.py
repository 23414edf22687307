"""Measure the product: `python -m bench` runs every benchmark, `python -m bench charts` one of them."""

import subprocess
import sys
from pathlib import Path

HELPERS = {"served", "site"}
NAMES = sorted({path.stem for path in Path(__file__).parent.glob("[a-z]*.py")} - HELPERS)


def main(chosen: list[str]) -> int:
    unknown = set(chosen) - set(NAMES)
    if unknown:
        print(f"There is no benchmark {', '.join(sorted(unknown))}; there are: {', '.join(NAMES)}.")
        return 2
    return max(measure(name) for name in chosen or NAMES)


def measure(name: str) -> int:
    """Run one benchmark in a process of its own: Django is set up once in each."""
    return subprocess.run([sys.executable, "-m", f"bench.{name}"], check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
