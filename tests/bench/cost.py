# SPDX-License-Identifier: BSD-2-Clause
"""What one packet costs, by test run: weir_bench measures, here its ratios meet their bounds."""
from figures import bound
from lab import program

KEYS = {"one": "one source", "64k": "64 k sources", "new": "every source new"}


def measure(rounds, repeat):
    """The section of the report, and its bounds."""
    rows = program("weir_bench", rounds, repeat, patience=400)
    found = [bound(f"cost, {row['name']}, {KEYS[row['keys']]}: x {ratio['to']}, "
                   f"{KEYS[ratio['toKeys']]}", ratio["ratio"], ratio["atMost"], at_most=True)
             for row in rows for ratio in row.get("ratios", []) if ratio["atMost"]]
    return rows, found
