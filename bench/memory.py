"""Peak memory of a run: the process that loads, analyses and stores, libraries included.

Every run has a separate process. The second run of a segmentation also matches its segments to the first's.
`BENCH_HUGE=1` adds ten million customers, which takes minutes. Run with: python -m bench memory
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import numpy as np

from bench.site import fresh_site

MALL_FEATURES = ("Annual Income (k$)", "Spending Score (1-100)")
CONTINUOUS_FEATURES = ("Revenue", "Margin")
CHUNK_ROWS = 100_000


@dataclass(frozen=True)
class Shop:
    """Customers of one kind, and the megabytes a run over them may take."""

    name: str
    rows: int
    features: tuple[str, ...]
    write: Callable[[TextIO, int], None]
    at_most: int


def write_mall(file: TextIO, rows: int) -> None:
    from customers.synthetic import write_customers

    write_customers(file, rows)


def write_continuous(file: TextIO, rows: int) -> None:
    """Five Gaussian groups in the plane, with hardly any identical customers."""
    rng = np.random.default_rng(0)
    centers = rng.uniform(-6, 6, (5, 2))
    file.write(",".join(("CustomerID", *CONTINUOUS_FEATURES)) + "\n")
    for start in range(0, rows, CHUNK_ROWS):
        values = rng.normal(centers[rng.integers(0, 5, CHUNK_ROWS)], 1.0)[: rows - start]
        file.writelines(
            f"{number},{x:.6f},{y:.6f}\n" for number, (x, y) in enumerate(values.tolist(), start + 1)
        )


SHOPS = (
    Shop("2 integer features", 1_000_000, MALL_FEATURES, write_mall, 512),
    Shop("2 continuous features", 1_000_000, CONTINUOUS_FEATURES, write_continuous, 512),
)
HUGE_SHOPS = (Shop("2 continuous features", 10_000_000, CONTINUOUS_FEATURES, write_continuous, 1_200),)

CHILD = """
import contextlib, io, json, pathlib, sys, django
django.setup()
from django.core.management import call_command
printed = io.StringIO()
with contextlib.redirect_stdout(printed):
    call_command("segment", *sys.argv[1:], "--json")
# Not getrusage: that counts the process from which this one was started, too.
status = pathlib.Path("/proc/self/status").read_text()
peak = int(status.partition("VmHWM:")[2].split()[0]) / 1024
print(json.dumps({"peak": peak} | json.loads(printed.getvalue())))
"""


def load(shop: Shop, dataset_name: str, folder: Path) -> None:
    from customers.importing.pipeline import create_dataset, import_now

    path = folder / "customers.csv"
    with path.open("w", newline="") as file:
        shop.write(file, shop.rows)
    with path.open("rb") as file:
        done = import_now(create_dataset(dataset_name), file, path.name)
    assert done.created_count == shop.rows, done.job.error
    path.unlink()


def peak_megabytes(shop: Shop, dataset_name: str, random_state: int) -> float:
    command = [sys.executable, "-c", CHILD, "--dataset", dataset_name, "--random-state", str(random_state)]
    done = subprocess.run(
        [*command, "--features", *shop.features], stdout=subprocess.PIPE, check=True, text=True
    )
    answer = json.loads(done.stdout.splitlines()[-1])
    assert answer["customers"] == shop.rows
    return float(answer["peak"])


def measure(shop: Shop, folder: Path) -> bool:
    """Print the peaks of the first and second run; return whether one is too large."""
    dataset_name = f"{shop.name} {shop.rows}"
    load(shop, dataset_name, folder)
    peaks = [peak_megabytes(shop, dataset_name, random_state) for random_state in (0, 1)]
    print(
        f"  {shop.rows:>10,} × {shop.name:<22}{peaks[0]:>6.0f} MB first run{peaks[1]:>7.0f} MB second run"
        f"  (at most {shop.at_most})",
        flush=True,
    )
    return max(peaks) > shop.at_most


def main() -> int:
    print("Peak resident memory of a run")
    shops = SHOPS + (HUGE_SHOPS if os.environ.get("BENCH_HUGE") == "1" else ())
    with fresh_site() as folder:
        missed = [measure(shop, folder) for shop in shops]
    return int(any(missed))


if __name__ == "__main__":
    sys.exit(main())
