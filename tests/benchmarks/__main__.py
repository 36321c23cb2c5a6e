"""Measure ours beside the floor, and ten thousand issues beside a million, all in one run.

    python -m tests.benchmarks [--sizes 10000,1000000] [--seconds 4] [--only list,one,…]

Each size has a database of its own (`place.py`), and all are there before anything is measured. Then, case by case, load goes
from one to the next in short turns, there and back (`turns.py`); what is printed is all turns together. Every server is one
gunicorn worker as it is shipped; two of each, on ports of their own, so that the load is spread evenly. CPU is what those
processes and PostgreSQL used, from /proc, so the load generator's own share does not count.
"""

import argparse
import itertools
import subprocess
import sys
from contextlib import ExitStack

from . import cases, place, turns
from .service import PROJECT

BAR = 1.2  # times the processor time at the smallest size that the largest may take
LABEL = 30
HEADS = {
    "issues": 10,
    "conn.": 6,
    "req/s": 9,
    "p50 ms": 9,
    "p99 ms": 9,
    "CPU ms: program + database": 28,
    "of floor": 10,
    "by CPU": 8,
}


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--sizes", type=numbers, default="10000,1000000", help="issues, at one size or more")
    options.add_argument(
        "--seconds",
        type=float,
        default=4,
        help="of load for each case, number of connections, size and server",
    )
    options.add_argument(
        "--only", default="", help="names of cases, by their beginning, with commas between; or evidence"
    )
    options.add_argument("--connections", type=numbers, default="1,16")
    options.add_argument("--comments", type=int, default=5, help="of an issue, on average")
    asked = options.parse_args()
    if asked.only != "evidence":
        bench(asked)
    if asked.only in ("", "evidence"):
        subprocess.run([sys.executable, "-m", "tests.benchmarks.evidence"], cwd=PROJECT, check=True)


def numbers(text: str) -> list[int]:
    return [int(number) for number in text.split(",")]


def bench(asked: argparse.Namespace) -> None:
    chosen = cases.chosen(asked.only)
    words = cases.need_words(chosen)
    growth = []
    with ExitStack() as stack:
        places = [
            stack.enter_context(place.held(size, asked.comments, words=words)) for size in sorted(asked.sizes)
        ]
        print(f"\n{'':{LABEL}}" + "".join(f"{head:>{width}}" for head, width in HEADS.items()))
        for case, connections in itertools.product(chosen, asked.connections):
            compared = turns.in_turns(case, places, connections, asked.seconds)
            if case.name == "create":
                for one in places:
                    one.fold()
            for at_one in compared:
                show(case.name, connections, at_one)
            times = compared[-1]["ours"].cost / compared[0]["ours"].cost
            growth.append(f"{case.name:{LABEL}}{connections:>6}{times:>9.2f}")
    if len(places) > 1:
        print(f"\nCPU a request at the largest size over the smallest ({BAR} is the bar)\n")
        print(*growth, sep="\n")


def show(case: str, connections: int, at_one: dict[str, turns.Contender]) -> None:
    """A line for the floor, if it was measured, and one for ours with what that is of it."""
    for name, contender in at_one.items():
        ratio = cheaper = ""
        if name == "ours" and "floor" in at_one:
            # (On a machine that others use, CPU a request tells more than requests a second.)
            ratio = f"{contender.result.rate / at_one['floor'].result.rate:.2f}"
            cheaper = f"{at_one['floor'].cost / contender.cost:.2f}"
        program, database = contender.milliseconds()
        line = (
            f"{contender.place.issues:,}",
            str(connections),
            f"{contender.result.rate:,.0f}",
            f"{contender.result.percentile(0.5):.2f}",
            f"{contender.result.percentile(0.99):.2f}",
            f"{program:.2f} + {database:.2f}",
            ratio,
            cheaper,
        )
        label = case if name == "ours" else f"{case} ({name})"
        columns = zip(line, HEADS.values(), strict=True)
        print(f"{label:{LABEL}}" + "".join(f"{text:>{width}}" for text, width in columns), flush=True)


if __name__ == "__main__":
    main()
