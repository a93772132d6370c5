"""Draws how each cost grows with the servers, from what `make bench` has
recorded (scale.py).

plot_scale.py OUT.svg BENCH.json
"""

import math
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent.parent / "puppet"))

from drawing import INK, PALE, RED, WIDTH, Drawing, read  # noqa: E402

# Key, how many of it are one of the unit, title.
PANELS = (("rss_kb", 1024, "memory, MB"), ("cpu_percent", 1, "CPU, %"),
          ("start_s", 1e-3, "start, ms"), ("reload_s", 1e-3, "reload, ms"),
          ("p99_us", 1e3, "p99 of polls, ms"))
BLUE = "#2f6fb7"
HIGH, HEAD, FOOT, GAP, LEFT = 150, 34, 34, 44, 26


class Scale(Drawing):
    def __init__(self):
        super().__init__(1)
        self.wide = (WIDTH - LEFT) / len(PANELS) - GAP

    def polyline(self, points, colour, more=""):
        self.parts.append(
            '<polyline points="%s" stroke="%s" fill="none"%s/>' % (
                " ".join("%.1f,%.1f" % p for p in points), colour, more))

    def panel(self, left, rows, key, unit, title):
        servers = [r["servers"] for r in rows]
        values = [r[key] / unit for r in rows]
        low, high = min(values), max(values) * 1.5
        decades = max(math.log10(high / low), 1)

        def at(count, value):
            return (left + self.wide * math.log10(count)
                    / max(math.log10(servers[-1]), 1),
                    HEAD + HIGH - HIGH * math.log10(value / low) / decades)

        self.text(left, HEAD - 14, title, INK, ' font-weight="bold"')
        self.line(left, HEAD + HIGH, left + self.wide, HEAD + HIGH, PALE)
        self.linear(at, servers, values, low * 10 ** decades)
        self.polyline([at(*p) for p in zip(servers, values)], BLUE,
                      ' stroke-width="2"')
        for count, value in zip(servers, values):
            x, y = at(count, value)
            self.parts.append('<circle cx="%.1f" cy="%.1f" r="3" fill="%s"/>'
                              % (x, y, BLUE))
            self.text(x, y - 7, "%.3g" % value, INK,
                      ' text-anchor="middle" font-size="9"')
            self.text(x, HEAD + HIGH + 14, "%d" % count, PALE,
                      ' text-anchor="middle" font-size="9"')

    def linear(self, at, servers, values, top):
        """As steep as ten times as much for ten times as many, from where the
        last point lies.
        """
        last, cost = servers[-1], values[-1]
        first = max(1, last * values[0] / cost)
        if cost <= top:
            self.polyline([at(first, values[0] if first > 1
                              else cost / last), at(last, cost)], RED,
                          ' stroke-dasharray="3 3"')


def draw(rows):
    drawing = Scale()
    for i, panel in enumerate(PANELS):
        drawing.panel(LEFT + i * (drawing.wide + GAP), rows, *panel)
    drawing.y = HEAD + HIGH + FOOT
    drawing.legend([(BLUE, "servers in one usherd, both scales logarithmic"),
                    (RED, "linear growth, through the last point")])
    return drawing.svg()


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(draw(read(sys.argv[2:])[0]["scale"]["rows"]))
