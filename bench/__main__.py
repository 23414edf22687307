"""Measure the product: `python -m bench` runs every benchmark, `python -m bench charts` one of them."""

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
HELPERS = {"served", "site"}
MODULES = {
    path.stem: ".".join(path.relative_to(HERE.parent).with_suffix("").parts)
    for folder in (HERE, HERE / "operation")
    for path in sorted(folder.glob("[a-z]*.py"))
    if path.stem not in HELPERS
} | {"truth": "bench.truth"}


def main(chosen: list[str]) -> int:
    unknown = set(chosen) - set(MODULES)
    if unknown:
        print(f"There is no benchmark {', '.join(sorted(unknown))}; there are: {', '.join(MODULES)}.")
        return 2
    return max(measure(name) for name in chosen or MODULES)


def measure(name: str) -> int:
    """Run one benchmark in a process of its own: Django is set up once in each."""
    return subprocess.run([sys.executable, "-m", MODULES[name]], check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
