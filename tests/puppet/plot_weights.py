"""Draws a time line that test_weights.py has recorded as SVG: above the
JRubies lent and the requests that waited, below the weight that followed.

plot_weights.py OUT.svg RECORDING.json
"""

import sys
from pathlib import Path

from drawing import (
    AFTER, CHAR, INK, LEFT, PALE, PROCESS, RIGHT, WIDTH, Drawing, processes,
    read, spans)

HEAD, LABEL, GAP = 30, 14, 12
UNIT = 14  # the height of a request
FULL = 125  # the height of 100%
TITLE = "weight = jruby, ramp = %s: a Puppet Server with %d JRubies"

LENT, WAITING = "#2f6fb7", "#e0a030"
RULE, TOLD = "#2e8b57", "#c3ced8"
HAPROXYS = ("#2f6fb7", "#d1242f")
WIDE = ' fill="none" stroke-width="5"'
THIN = ' fill="none" stroke-width="1.5"'
# The second HAProxy is drawn over the first, and must not hide it.
DASHED = (THIN, THIN + ' stroke-dasharray="5 5"')
DOTTED = ' fill="none" stroke-width="1.2" stroke-dasharray="2 2"'
# A line behind a label stops short of it.
HALO = ' paint-order="stroke" stroke="#ffffff" stroke-width="3"'


class Weights(Drawing):
    def __init__(self, recording):
        self.recording = recording
        self.end = recording["seconds"]
        self.marks = [event for event in recording["events"]
                      if event["what"] not in AFTER]
        super().__init__(self.end)

    def changes(self, value):
        """[(from, to, value of the row), ...]."""
        return spans([(row["at"], value(row))
                      for row in self.recording["rows"]], self.end)

    def ticks(self, marks):
        """[(y, text), ...]: a line and what it means."""
        for y, text in marks:
            self.line(LEFT, y, WIDTH - RIGHT, y, PALE,
                      ' stroke-width="0.5" stroke-opacity="0.5"')
            self.text(LEFT - 6, y + 4, text, PALE, ' text-anchor="end"')

    def labels(self):
        """What the test did, on two levels so that none lies on another."""
        ends = [0, 0]
        for event in self.marks:
            x = self.x(event["at"])
            width = (len(event["what"]) + 1) * CHAR
            level = 0 if ends[0] < x else 1
            ends[level] = x + width
            y = self.y + LABEL * (2 - level) - 3
            if x + width < WIDTH:
                self.text(x + 3, y, event["what"], INK, HALO)
            else:
                self.text(x - 3, y, event["what"], INK,
                          HALO + ' text-anchor="end"')
        self.y += 2 * LABEL

    def mark_lines(self, top, behind):
        """Behind all that has been drawn since there were so many parts."""
        drawn = self.parts[behind:]
        del self.parts[behind:]
        for event in self.marks:
            x = self.x(event["at"])
            self.line(x, top, x, self.y, INK, ' stroke-dasharray="2 2"')
        self.parts += drawn

    def demand(self):
        most = max(row["lent"] + row["wait"] for row in self.recording["rows"])
        base = self.y + most * UNIT
        self.ticks([(base - n * UNIT, "%d" % n)
                    for n in range(0, most + 1, 2)])
        self.text(8, self.y + UNIT, "requests", INK, ' font-weight="bold"')
        for began, ended, (lent, wait) in self.changes(
                lambda row: (row["lent"], row["wait"])):
            for below, count, fill in ((0, lent, LENT), (lent, wait, WAITING)):
                if count:
                    self.rect(began, ended, base - (below + count) * UNIT,
                              count * UNIT, fill)
        self.y = base

    def steps(self, value, stroke, more):
        path = ""
        for began, ended, weight in self.changes(value):
            y = self.y - weight * FULL / 100
            path += "%s%.1f %.1fH%.1f" % ("L" if path else "M", self.x(began),
                                          y, self.x(ended))
        self.parts.append('<path d="%s" stroke="%s"%s/>' % (
            path, stroke, more))

    def weights(self):
        self.text(8, self.y + 14, "weight", INK, ' font-weight="bold"')
        self.y += FULL
        self.ticks([(self.y - n * FULL / 100, "%d%%" % n)
                    for n in range(0, 101, 25)])
        self.steps(lambda row: row["told"], TOLD, WIDE)
        self.steps(lambda row: row["rule"], RULE, DOTTED)
        for name, stroke, more in zip(
                self.recording["haproxys"], HAPROXYS, DASHED):
            self.steps(lambda row, name=name: row[name], stroke, more)

    def draw(self):
        self.y = HEAD
        self.heading(TITLE % (self.recording["ramp"],
                              self.recording["jrubies"]))
        top, behind = self.y + LABEL, len(self.parts)
        self.labels()
        self.demand()
        self.y += GAP / 2
        self.strips(processes(self.recording["events"], self.end), PROCESS,
                    INK)
        self.y += GAP
        self.weights()
        self.mark_lines(top, behind)
        self.y += 4
        self.axis(self.end)
        self.legend([(LENT, "JRuby lent"), (WAITING, "request that waits")])
        self.legend([
            (RULE, "worth by the rule, not smoothed"),
            (TOLD, "told by usherd"),
            *zip(HAPROXYS, ("in HAProxy, balance %s" % name
                            for name in self.recording["haproxys"]))])
        return self.svg()


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(Weights(*read(sys.argv[2:])).draw())
