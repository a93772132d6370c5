"""Draws recorded runs as one SVG: each request as a bar on the server that had
it, with what HAProxy thought of the server above, and how it was below.

plot.py OUT.svg RECORDING.json...    one panel for each recording
"""

import json
import sys
from html import escape
from pathlib import Path

LEFT, RIGHT, WIDTH = 92, 14, 960
PANEL_HEAD, STRIP, ROW, GAP, AXIS, LEGEND = 30, 15, 6, 16, 30, 26
CHAR = 6.2  # the width of a character, about

INK, PALE, RED = "#222222", "#777777", "#d1242f"
REQUEST = {False: "#2f6fb7", True: "#8fb8e6"}  # keeps its connection
STATE = {"UP": "#2e8b57", "DRAIN": "#d99a1c", "DOWN": "#a33a3a"}
PROCESS = {"runs": "#d5dadf", "stops": "#f3c9a5", "starts": "#f7e3b0",
           "": "#ffffff"}
# What a process is from an event on.
AFTER = {"SIGTERM": "stops", "has ended": "", "started": "starts",
         "runs": "runs", "killed after a minute": "", "kill -9": "",
         "SIGSTOP": "", "SIGCONT": "runs"}
RUNS = "Puppet Server runs"
# Of the recorded events, those that the reader is told of.
MARKS = {"hold": "usherctl hold", "xinetd stopped": "xinetd stopped"}


# --- recordings ---

def dump(recording):
    """One line for each thing, so that it can be read and compared."""
    parts = []
    for key, value in recording.items():
        text = json.dumps(value)
        if isinstance(value, list) and value and isinstance(value[0], dict):
            text = "[\n%s\n]" % ",\n".join(json.dumps(v) for v in value)
        parts.append("%s: %s" % (json.dumps(key), text))
    return "{\n%s\n}\n" % ",\n".join(parts)


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


def spans(changes, end):
    """[(at, what), ...] as [(from, to, what), ...], alike ones joined."""
    found = []
    for (at, what), (to, _) in zip(changes, changes[1:] + [(end, "")]):
        if found and found[-1][2] == what:
            found[-1] = (found[-1][0], to, what)
        elif to > at:
            found.append((at, to, what))
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


def processes(recording, server):
    """Of Puppet Server: [(from, to, (state, caption)), ...]."""
    changes = [(0.0, ("runs", RUNS))]
    for event in recording["events"]:
        if event["server"] == server and event["what"] in AFTER:
            state = AFTER[event["what"]]
            changes.append((event["at"], (
                state, RUNS if state == "runs" else state)))
    return spans(changes, recording["seconds"])


# --- drawing ---

class Drawing:
    def __init__(self, longest):
        self.scale = (WIDTH - LEFT - RIGHT) / longest
        self.y = 0
        self.parts = []

    def x(self, seconds):
        return LEFT + seconds * self.scale

    def rect(self, began, ended, y, height, fill, more=""):
        self.parts.append(
            '<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="%s"%s/>'
            % (self.x(began), y, max((ended - began) * self.scale, 1.0),
               height, fill, more))

    def text(self, x, y, text, fill=INK, more=""):
        self.parts.append('<text x="%.1f" y="%.1f" fill="%s"%s>%s</text>' % (
            x, y, fill, more, escape(text)))

    def line(self, x1, y1, x2, y2, stroke, more=""):
        self.parts.append(
            '<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="%s"%s/>'
            % (x1, y1, x2, y2, stroke, more))

    def caption(self, began, ended, y, text, short, fill):
        """In a strip, where there is room for it, or for the short one."""
        room = (ended - began) * self.scale
        for words in (text, short):
            if len(words) * CHAR + 4 < room:
                self.text(self.x(began) + 3, y + STRIP - 4, words, fill)
                return

    def strips(self, found, colours, ink):
        """`found` is [(from, to, (what, caption)), ...]."""
        for began, ended, (what, caption) in found:
            self.rect(began, ended, self.y, STRIP, colours.get(what, PALE),
                      ' stroke="#ffffff" stroke-width="0.5"')
            self.caption(began, ended, self.y, caption, what, ink)
        self.y += STRIP

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
        for event in recording["events"]:
            if event["server"] == server and event["what"] in MARKS:
                x = self.x(event["at"])
                self.line(x, top - 11, x, self.y, INK,
                          ' stroke-dasharray="2 2"')
                self.text(x + 3, top - 3, MARKS[event["what"]], INK)

    def axis(self, longest):
        self.line(LEFT, self.y, WIDTH - RIGHT, self.y, PALE)
        for seconds in range(0, int(longest) + 1, 20):
            x = self.x(seconds)
            self.line(x, self.y, x, self.y + 4, PALE)
            self.text(x, self.y + 16, "%d s" % seconds, PALE,
                      ' text-anchor="middle"')
        self.y += AXIS

    def lane(self, recording, server, rows):
        self.y += GAP
        top = self.y
        name = recording["servers"][server].partition(".")[0]
        self.text(8, top + STRIP - 3, "HAProxy:", PALE)
        self.text(8, top + STRIP + 20, name, INK, ' font-weight="bold"')
        self.strips(states(recording, server), STATE, "#ffffff")
        self.requests(bars(recording, server), rows)
        self.strips(processes(recording, server), PROCESS, INK)
        self.hold(recording, server, top)

    def panel(self, recording, longest):
        self.y += PANEL_HEAD
        self.text(8, self.y - 8, title(recording), INK,
                  ' font-size="14" font-weight="bold"')
        rows = max([4] + [row + 1 for n in range(len(recording["servers"]))
                          for row, _ in bars(recording, n)])
        for server in range(len(recording["servers"])):
            self.lane(recording, server, rows)
        self.y += 4
        self.axis(longest)

    def legend(self):
        x = LEFT
        for fill, what in ((REQUEST[False], "request, own connection"),
                           (REQUEST[True], "request, kept connection"),
                           (RED, "request that failed")):
            self.parts.append('<rect x="%.1f" y="%.1f" width="22" height="6" '
                              'fill="%s"/>' % (x, self.y, fill))
            self.text(x + 28, self.y + 8, what)
            x += 60 + len(what) * CHAR
        self.y += LEGEND

    def svg(self):
        return (
            '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" '
            'width="%d" height="%d" font-family="DejaVu Sans, Verdana, '
            'sans-serif" font-size="10.5">\n'
            '<rect width="100%%" height="100%%" fill="#ffffff"/>\n%s\n</svg>\n'
            % (WIDTH, self.y, WIDTH, self.y, "\n".join(self.parts)))


def title(recording):
    return "%s: %d of %d requests failed" % (
        recording["name"], recording["failed"], recording["requests"])


def draw(recordings):
    longest = max(r["seconds"] for r in recordings)
    drawing = Drawing(longest)
    for recording in recordings:
        drawing.panel(recording, longest)
    drawing.legend()
    return drawing.svg()


def read(paths):
    return [json.loads(Path(path).read_text()) for path in paths]


def draw_all(folder):
    """The rolling restarts of a folder: the old way above, usher below."""
    found = [path for path in (folder / "a-rolling.json",
                               folder / "d-rolling.json") if path.exists()]
    if found:
        (folder / "rolling-restart.svg").write_text(draw(read(found)))


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(draw(read(sys.argv[2:])))
