# SPDX-License-Identifier: BSD-2-Clause
"""Counts the cases of a JUnit report of GoogleTest, CTest or pytest.

Prints a line for each that failed or skipped, then `passed N`. A skip is no pass: what was
not tested is not known to work.
"""
import sys
import xml.etree.ElementTree as tree


def verdict(case):
    if case.find("failure") is not None or case.find("error") is not None:
        return "failed"
    if case.find("skipped") is not None or case.get("status") in ("notrun", "disabled"):
        return "skipped"
    return "passed"


passed = 0
for case in tree.parse(sys.argv[1]).getroot().iter("testcase"):
    result = verdict(case)
    if result == "passed":
        passed += 1
    else:
        print(f"{result}: {case.get('classname')}.{case.get('name')}")
print(f"passed {passed}")
