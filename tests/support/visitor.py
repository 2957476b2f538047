# SPDX-License-Identifier: BSD-2-Clause
"""A person with a browser: what each page was answered with, and what comes by itself."""
import time
from collections import namedtuple

from browser import Browser

# What a page was answered with, and whether on a connection that was open already.
Shown = namedtuple("Shown", "status reused")
PATIENCE = 30


class Visitor(Browser):
    # The whole browser opens connections before it needs them, and calls those reused.
    PROGRAM = ("chromium-headless-shell",)

    def __init__(self, namespace):
        self.shown, self._answer = [], None
        super().__init__(namespace, 640, 240)
        # Or it answers itself now and then.
        self.call("Network.setCacheDisabled", cacheDisabled=True)

    def _note(self, message):
        super()._note(message)
        values = message.get("params", {})
        if message.get("method") == "Network.responseReceived" and values["type"] == "Document":
            self._answer = Shown(values["response"]["status"],
                                 values["response"]["connectionReused"])
        elif message.get("method") == "Page.loadEventFired" and self._answer:
            self.shown.append(self._answer)
            self._answer = None

    def open(self, url):
        """Goes to a page; returns what is shown when all of it was loaded."""
        self.shown, self._answer = [], None
        self.call("Page.navigate", url=url)
        return self.next_page()

    def next_page(self):
        """What is shown when a page has been loaded: by open(), or by the page before itself."""
        end = time.monotonic() + PATIENCE
        while not self.shown:
            message = self._message(end)
            assert message is not None, f"no page in {PATIENCE} s: {self.complaints}"
            self._note(message)
        return self.shown.pop(0)

    def text(self):
        """What a person reads."""
        return self.evaluate("document.body.innerText")
