# SPDX-License-Identifier: BSD-2-Clause
"""How many events are admitted, beside an exact oracle; see accuracy.cpp."""
from figures import Refused, bound
from lab import program


def measure(moments):
    """The section of the report, and its bounds."""
    rows = program("weir_accuracy", moments, patience=200)
    found = []
    for row in rows:
        if row["counted"] != row["events"]:
            raise Refused(f"accuracy: sent {row['events']} events, Weir counted {row['counted']}")
        wrong = row["wrongMoments"]
        found.append(bound(f"moments at which more or fewer were admitted than by the oracle, "
                           f"{row['window']}, {row['cpus']} CPU{'s' * (row['cpus'] > 1)}",
                           {"median": wrong, "min": wrong, "max": wrong}, 0, at_most=True))
    return rows, found
