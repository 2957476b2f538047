# SPDX-License-Identifier: BSD-2-Clause
"""A headless Chromium in a namespace, driven over its DevTools pipe: messages of JSON that end
with a zero byte, in on descriptor 3 and out on 4."""
import base64
import contextlib
import json
import os
import select
import shutil
import tempfile
import time
from collections import namedtuple

# What a page was answered with, and whether on a connection that was open already.
Shown = namedtuple("Shown", "status reused")
PATIENCE = 30  # seconds; to start takes one or two on an idle machine


class Visitor:
    def __init__(self, namespace):
        self.home = tempfile.mkdtemp(prefix="weir-t-browser-")
        self._number, self._kept, self._events, self._session = 0, b"", [], None
        theirs_in, self._out = os.pipe()
        self._in, theirs_out = os.pipe()
        words = ["chromium-headless-shell", "--no-sandbox", "--disable-gpu",
                 "--disable-dev-shm-usage", "--disable-background-networking",
                 "--remote-debugging-pipe", f"--user-data-dir={self.home}",
                 "--window-size=640,240", "about:blank"]
        with open(f"{self.home}/log", "w") as log:
            self.process = namespace.popen(
                "bash", "-c", f'exec "$@" 3<&{theirs_in} 4>&{theirs_out}', "bash", *words,
                pass_fds=(theirs_in, theirs_out), stdout=log, stderr=log)
        os.close(theirs_in)
        os.close(theirs_out)
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target,
                                  flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Runtime"):
            self.call(f"{domain}.enable")
        # Or it answers itself now and then.
        self.call("Network.setCacheDisabled", cacheDisabled=True)

    def _read(self, end):
        """The next message."""
        while b"\0" not in self._kept:
            ready, _, _ = select.select([self._in], [], [], max(0, end - time.monotonic()))
            piece = os.read(self._in, 1 << 20) if ready else b""
            if not piece:
                with open(f"{self.home}/log") as log:
                    raise TimeoutError(f"the browser says nothing: {log.read()[-2000:]}")
            self._kept += piece
        message, _, self._kept = self._kept.partition(b"\0")
        return json.loads(message)

    def call(self, method, **parameters):
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        end = time.monotonic() + PATIENCE
        while True:
            answer = self._read(end)
            if answer.get("id") == self._number:
                assert "error" not in answer, f"{method}: {answer}"
                return answer["result"]
            self._events.append(answer)

    def _next_event(self, end):
        return self._events.pop(0) if self._events else self._read(end)

    def open(self, url):
        """Goes to a page; returns what is shown when all of it was loaded."""
        self._events.clear()
        self.call("Page.navigate", url=url)
        return self.next_page()

    def next_page(self):
        """What is shown when a page has been loaded: by open(), or by the page before itself."""
        end, shown = time.monotonic() + PATIENCE, None
        while True:
            event = self._next_event(end)
            values = event.get("params", {})
            if event.get("method") == "Network.responseReceived" and values["type"] == "Document":
                answer = values["response"]
                shown = Shown(answer["status"], answer["connectionReused"])
            elif event.get("method") == "Page.loadEventFired" and shown:
                return shown

    def evaluate(self, expression):
        return self.call("Runtime.evaluate", expression=expression,
                         returnByValue=True)["result"].get("value")

    def text(self):
        """What a person reads."""
        return self.evaluate("document.body.innerText")

    def screenshot(self, path):
        picture = self.call("Page.captureScreenshot", format="png")["data"]
        with open(path, "wb") as file:
            file.write(base64.b64decode(picture))

    def close(self):
        self.process.terminate()
        with contextlib.suppress(Exception):
            self.process.wait(5)
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self._in)
        os.close(self._out)
        shutil.rmtree(self.home, ignore_errors=True)
