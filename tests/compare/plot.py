"""Draws recorded runs as one SVG: each request as a bar on the server that had
it, with what HAProxy thought of the server above, and how it was below.

plot.py OUT.svg RECORDING.json...    one panel for each recording
"""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent.parent / "puppet"))

from drawing import (  # noqa: E402
    INK, PALE, PROCESS, RED, STRIP, Drawing, processes, read, spans)

PANEL_HEAD, ROW, GAP = 30, 6, 16
REQUEST = {False: "#2f6fb7", True: "#8fb8e6"}  # keeps its connection
STATE = {"UP": "#2e8b57", "DRAIN": "#d99a1c", "DOWN": "#a33a3a"}
# Of the recorded events, those that the reader is told of.
MARKS = {"hold": "usherctl hold", "xinetd stopped": "xinetd stopped"}


# --- recordings ---

def bars(recording, server):
    """The requests of a server with a row each: (row, request)."""
    port = recording["ports"][server]
    free = []  # when each row is free again
    found = []
    for request in recording["list"]:
        if request["port"] != port:
            continue
        row = next((i for i, end in enumerate(free)
                    if end <= request["began"]), len(free))
        free[row:row + 1] = [request["ended"] + 0.05]
        found.append((row, request))
    return found


def states(recording, server):
    """Of HAProxy: [(from, to, (state, caption)), ...]."""
    changes = []
    full = max(s["weight"] for s in recording["states"])
    for s in recording["states"]:
        if s["server"] == server:
            state = s["status"].split()[0]
            # Where no work goes anyway, the weight says nothing.
            weight = " %d%%" % (100 * s["weight"] // full)
            caption = state + (weight if state == "UP" else "")
            changes.append((s["at"], (state, caption)))
    return spans(changes, recording["seconds"])


def of_server(recording, server):
    return [e for e in recording["events"] if e["server"] == server]


# --- drawing ---

class Restarts(Drawing):
    def requests(self, found, rows):
        for row, request in found:
            y = self.y + 2 + row * ROW
            self.rect(request["began"], request["ended"], y, ROW - 2,
                      RED if request["error"] else REQUEST[request["keeps"]])
        for row, request in found:
            if request["error"]:
                self.cross(self.x(request["ended"]), self.y + 4 + row * ROW)
        self.y += rows * ROW + 3

    def cross(self, x, y):
        self.parts.append(
            '<path d="M%.1f %.1fl8 8m0-8l-8 8" stroke="%s" stroke-width="2.2" '
            'fill="none"/>' % (x - 4, y - 4, RED))

    def hold(self, recording, server, top):
        """When somebody began to take the server out, if anybody did."""
        for event in of_server(recording, server):
            if event["what"] in MARKS:
                x = self.x(event["at"])
                self.line(x, top - 11, x, self.y, INK,
                          ' stroke-dasharray="2 2"')
                self.text(x + 3, top - 3, MARKS[event["what"]], INK)

    def lane(self, recording, server, rows):
        self.y += GAP
        top = self.y
        name = recording["servers"][server].partition(".")[0]
        self.text(8, top + STRIP - 3, "HAProxy:", PALE)
        self.text(8, top + STRIP + 20, name, INK, ' font-weight="bold"')
        self.strips(states(recording, server), STATE, "#ffffff")
        self.requests(bars(recording, server), rows)
        self.strips(processes(of_server(recording, server),
                              recording["seconds"]), PROCESS, INK)
        self.hold(recording, server, top)

    def panel(self, recording, longest):
        self.y += PANEL_HEAD
        self.heading(title(recording))
        rows = max([4] + [row + 1 for n in range(len(recording["servers"]))
                          for row, _ in bars(recording, n)])
        for server in range(len(recording["servers"])):
            self.lane(recording, server, rows)
        self.y += 4
        self.axis(longest)


def title(recording):
    return "%s: %d of %d requests failed" % (
        recording["name"], recording["failed"], recording["requests"])


def draw(recordings):
    longest = max(r["seconds"] for r in recordings)
    drawing = Restarts(longest)
    for recording in recordings:
        drawing.panel(recording, longest)
    drawing.legend([(REQUEST[False], "request, own connection"),
                    (REQUEST[True], "request, kept connection"),
                    (RED, "request that failed")])
    return drawing.svg()


def draw_all(folder):
    """The rolling restarts of a folder: the old way above, usher below."""
    found = [path for path in (folder / "a-rolling.json",
                               folder / "d-rolling.json") if path.exists()]
    if found:
        (folder / "rolling-restart.svg").write_text(draw(read(found)))


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(draw(read(sys.argv[2:])))
