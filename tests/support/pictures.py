# SPDX-License-Identifier: BSD-2-Clause
"""The pictures of the README: some hundred clients, a few of them eager, for a minute."""
import random
import sys
import threading
import time

from agent import Weir, config, limit
from browser import Browser
from netns import Net
from terminal import Terminal, top
from web import Nginx, fetch

SECONDS = 75
HEIGHT = 1500  # of the page, in pixels
PATHS = ["/"] * 4 + ["/news"] * 3 + ["/articles/weirs", "/articles/rivers", "/search", "/about"]


def browse(net, end, chance):
    """Visitors who read their pages: one request of a new or a known client now and then."""
    while time.monotonic() < end:
        # Slow waves, as through a day.
        wave = 1 + 0.6 * (int(time.monotonic()) % 40 < 20)
        time.sleep(chance.uniform(0.01, 0.08) / wave)
        try:
            fetch(net.client, net.SERVER4, net.client4(chance.randrange(300)), patience=1,
                  path=chance.choice(PATHS))
        except (OSError, AssertionError):
            pass


def hurry(net, end, number, chance):
    """An eager client, with pauses."""
    while time.monotonic() < end:
        for _ in range(chance.randrange(10, 60)):
            try:
                fetch(net.client, net.SERVER4, net.client4(1000 + number), patience=0.3,
                      path="/catalogue")
            except (OSError, AssertionError):
                pass
        time.sleep(chance.uniform(2, 6))


def main(folder):
    net = Net()
    nginx = Nginx(net.server)
    agent = Weir(net.server, config(request=limit(12, 20, "2s", action="reply"), more="") +
                 '[services.web.ban]\nafter = 20\nwithin = "1m"\nfor = "10m"\n')
    terminal = browser = None
    try:
        agent.start("--web", "0")
        address = agent.ready_line.split("page at ")[1].strip()
        agent.cli("ban", "add", "203.0.113.7", "--for", "1d", "--reason", "copies the whole site")
        agent.cli("ban", "add", "2001:db8:bad::/48", "--reason", "scans for logins")
        end = time.monotonic() + SECONDS
        crowd = [threading.Thread(target=browse, args=(net, end, random.Random(n)))
                 for n in range(3)]
        crowd += [threading.Thread(target=hurry, args=(net, end, n, random.Random(n)))
                  for n in range(4)]
        for one in crowd:
            one.start()
        time.sleep(SECONDS - 15)
        terminal = Terminal(net.server, 100, 28)
        terminal.run(*top(agent))
        terminal.wait_for("q quit", 20)
        time.sleep(3)
        with open(f"{folder}/top.txt", "w") as file:
            file.write("\n".join(line.rstrip() for line in terminal.screen().splitlines()) + "\n")
        terminal.press("q")
        browser = Browser(net.server, 1200, HEIGHT)
        for scheme, name in (("light", "page.png"), ("dark", "page-dark.png")):
            browser.prefer(scheme)
            browser.resize(1200, HEIGHT)
            browser.open(address)
            browser.wait_for("document.querySelectorAll('figure canvas').length >= 4")
            browser.evaluate("document.querySelector('#ranges button').click()")
            browser.wait_for("Number(document.body.dataset.points) > 20")
            time.sleep(1)
            browser.screenshot(f"{folder}/{name}")
            if scheme == "light":
                browser.evaluate("document.getElementById('users-title').scrollIntoView()")
                time.sleep(1)
                browser.screenshot(f"{folder}/page-lists.png")
        for one in crowd:
            one.join()
    finally:
        for thing in (terminal, browser, agent, nginx, net):
            if thing is not None:
                thing.close()


if __name__ == "__main__":
    main(sys.argv[1])
