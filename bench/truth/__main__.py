"""Can the verdict on groups be trusted? `python -m bench truth` measures it, part by part.

The parts also run by themselves, as in `python -m bench.truth.labelled`; `bench.truth.steadiness`, which
takes long, only so.
"""

import time

from bench.truth import cases, cdnow, false_groups, labelled, mixed, peers, words

PARTS = (false_groups, labelled, mixed, cases, cdnow, peers, words)


def main() -> int:
    """Run the parts one after the other; return 1 if one misses a bar."""
    missed = 0
    for part in PARTS:
        started = time.perf_counter()
        missed |= part.main()
        print(f"  ({time.perf_counter() - started:.0f} s)\n", flush=True)
    return missed


if __name__ == "__main__":
    raise SystemExit(main())
