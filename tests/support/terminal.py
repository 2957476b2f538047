# SPDX-License-Identifier: BSD-2-Clause
"""A terminal that tmux makes, with `weir top` on it."""
import contextlib
import os
import re
import shlex
import subprocess
import time

from agent import BINARY
from netns import RUN


class Terminal:
    """A tmux session of its own server, 80 by 24, with a shell in the namespace."""

    def __init__(self, namespace, columns=80, rows=24):
        self.name = f"weir-t-{RUN}"
        # A shell that is there before and after: what the screen looks like then is a test.
        self.tmux("-f", "/dev/null", "new-session", "-d", "-x", columns, "-y", rows, "env", "PS1=$ ",
                  *namespace.enter(), "bash", "--norc", "--noprofile")

    def tmux(self, *words):
        return subprocess.run(["tmux", "-L", self.name, *map(str, words)], check=True, text=True,
                              capture_output=True, env={**os.environ, "LC_ALL": "C.UTF-8"}).stdout

    def type(self, text):
        self.tmux("send-keys", "-l", text)

    def press(self, *keys):
        self.tmux("send-keys", *keys)

    def run(self, *command):
        self.type(" ".join(shlex.quote(str(c)) for c in command))
        self.press("Enter")

    def screen(self):
        return self.tmux("capture-pane", "-p")

    def wait_for(self, what, patience=10):
        """Until a text, or what a pattern matches, is on the screen; the screen."""
        end = time.monotonic() + patience
        while not re.search(what, shown := self.screen()):
            if time.monotonic() > end:
                raise AssertionError(f"never {what!r} in\n{shown}")
            time.sleep(0.05)
        return shown

    def modes(self):
        """Whether the pane is as a shell wants it: no second screen, a cursor."""
        return self.tmux("display", "-p", "#{alternate_on} #{cursor_flag}").split()

    def close(self):
        with contextlib.suppress(subprocess.CalledProcessError):
            self.tmux("kill-server")


def top(agent):
    return [BINARY, "top", "--socket", agent.socket]
