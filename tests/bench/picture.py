# SPDX-License-Identifier: BSD-2-Clause
"""Draws the picture of the README from what bench.py wrote: picture.py BENCH.JSON OUT.SVG

Horizontal bars, each with its figure at its end, in colours that are told apart on light and on
dark ground; the ground is the picture's own.
"""
import html
import json
import sys

WIDTH, LEFT, RIGHT, BAR, GAP = 860, 285, 90, 14, 3
SOURCES = {1: "one source", 1 << 16: "64 Ki sources", 1 << 20: "1 Mi sources",
           1 << 24: "16 Mi sources"}
KEYS = {"one": "one source", "64k": "64 k sources", "new": "every source new"}
WAYS = {"none": "no XDP program", "pass": "a program that passes", "idle": "Weir, idle",
        "flood": "Weir, while another source floods"}
STYLE = """
  .ground { fill: #fcfcfb } .title { fill: #0b0b0b; font-weight: 600; font-size: 15px }
  text { fill: #52514e; font: 12px system-ui, sans-serif } .value { fill: #0b0b0b }
  .weir { fill: #2a78d6 } .naive { fill: #eb6834 } .nft { fill: #1baf7a }
  .hash { fill: #eda100 } .plain { fill: #898781 } .axis { stroke: #c3c2b7 }
  .span { stroke: #0b0b0b; stroke-width: 1 }
  @media (prefers-color-scheme: dark) {
    .ground { fill: #1a1a19 } .title, .value { fill: #ffffff } text { fill: #c3c2b7 }
    .weir { fill: #3987e5 } .naive { fill: #d95926 } .nft { fill: #199e70 }
    .hash { fill: #c98500 } .axis { stroke: #52514e } .span { stroke: #ffffff }
  }
"""


class Picture:
    def __init__(self):
        self.parts, self.y = [], 10

    def write(self, x, text, kind="", anchor="start", down=0):
        self.parts.append(f'<text x="{x:.1f}" y="{self.y + down:.1f}" class="{kind}" '
                          f'text-anchor="{anchor}">{html.escape(text)}</text>')

    def title(self, text, more):
        self.y += 26
        self.write(16, text, "title")
        self.y += 17
        self.write(16, more)
        self.y += 10

    def panel(self, title, more, groups, digits):
        """groups: [(name, [(label, class, spread, remark)])]; the axis begins at zero."""
        self.title(title, more)
        most = max(f["max"] for _, bars in groups for _, _, f, _ in bars)
        scale = (WIDTH - LEFT - RIGHT) / most
        top = self.y
        for name, bars in groups:
            if name:
                self.y += 15
                self.write(16, name, "value")
                self.y += 5
            for label, kind, figure, remark in bars:
                length = max(figure["median"] * scale, 1)
                middle = self.y + BAR / 2
                low, high = (LEFT + figure[end] * scale for end in ("min", "max"))
                self.write(LEFT - 8, label, anchor="end", down=BAR - 3)
                self.parts.append(f'<rect x="{LEFT}" y="{self.y}" width="{length:.1f}" '
                                  f'height="{BAR}" rx="2" class="{kind}"/>')
                self.parts.append(f'<line x1="{low:.1f}" x2="{high:.1f}" y1="{middle}" '
                                  f'y2="{middle}" class="span"/>')
                self.write(max(LEFT + length, high) + 6,
                           f"{figure['median']:.{digits}f}{remark}", "value", down=BAR - 3)
                self.y += BAR + GAP
        self.parts.append(f'<line x1="{LEFT}" x2="{LEFT}" y1="{top + 2}" y2="{self.y}" '
                          f'class="axis"/>')
        self.y += 8

    def text(self, footer):
        self.y += 20
        for line in footer:
            self.write(16, line)
            self.y += 16
        return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {self.y}" '
                f'width="{WIDTH}" height="{self.y}" role="img" '
                f'aria-label="Benchmark of Weir">\n<style>{STYLE}</style>\n'
                f'<rect class="ground" width="{WIDTH}" height="{self.y}" rx="6"/>\n'
                + "\n".join(self.parts) + "\n</svg>\n")


def times(figure, factor):
    return {key: value * factor for key, value in figure.items()}


def throughput(picture, section):
    shown = {"drop": "plain", "naive": "naive", "burst": "weir", "sliding": "weir",
             "nft": "nft", "hashlimit": "hash", "banned": "weir", "xdpfilter": "plain"}
    groups = []
    for sources, name in SOURCES.items():
        bars = [(r["label"], shown[r["name"]], times(r["packetsPerSecond"], 1e-6),
                 f", and lets {r['letThrough']:.0%} through" if r["letThrough"] > 0.01 else "")
                for r in section["rows"] if r["sources"] == sources and r["name"] in shown]
        if bars:
            groups.append((name, bars))
    picture.panel("Packets dropped a second, in millions",
                  "one CPU that generates and receives; native veth, live frames; "
                  "longer is better", groups, 2)


def cost(picture, rows):
    shown = [("naive LRU throttle", "naive"), ("under limit, syn, burst", "weir"),
             ("over limit, syn, burst", "weir"), ("banned source", "weir"),
             ("established, no payload, 10 000 bans", "weir")]
    groups = []
    for keys, name in KEYS.items():
        by_name = {r["name"]: r["ns"] for r in rows if r["keys"] == keys}
        bars = [("Weir, " + n if kind == "weir" else n, kind, by_name[n], "")
                for n, kind in shown if n in by_name]
        if bars:
            groups.append((name, bars))
    picture.panel("Nanoseconds a packet", "BPF_PROG_TEST_RUN; shorter is better", groups, 0)


def bystander(picture, section):
    bars = [(WAYS[r["name"]], "weir" if r["name"] in ("idle", "flood") else "plain",
             times(r["requestsPerSecond"], 1e-3), "") for r in section["rows"]]
    picture.panel("What a bystander gets, in thousands of requests a second",
                  "wrk against nginx; longer is better", [("", bars)], 1)


def draw(document):
    picture = Picture()
    for name, panel in (("throughput", throughput), ("packetCost", cost),
                        ("bystander", bystander)):
        if name in document:
            panel(picture, document[name])
    of = document["machine"]
    return picture.text([
        f"{of['processor']}, {of['cpus']} CPUs, Linux {of['kernel']}; {document['time'][:10]}",
        "bars: medians; lines: lowest to highest of the rounds"])


if __name__ == "__main__":
    with open(sys.argv[1]) as source, open(sys.argv[2], "w") as target:
        target.write(draw(json.load(source)))
