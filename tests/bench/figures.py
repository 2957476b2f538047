# SPDX-License-Identifier: BSD-2-Clause
"""Figures with their spread, and the bounds that they are held against."""
import statistics


def spread(values):
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


class Refused(Exception):
    """Counters that must agree do not: nothing was measured."""


def bound(what, reached, limit, at_most):
    """What issue 3 asks of a ratio; `reached` is a spread, its median counts."""
    value = reached["median"]
    return {"what": what, "reached": value, "min": reached["min"], "max": reached["max"],
            "bound": limit, "is": "atMost" if at_most else "atLeast",
            "holds": value <= limit if at_most else value >= limit}
