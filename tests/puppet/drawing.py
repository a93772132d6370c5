"""Recorded runs as files and as SVG: what the pictures have in common."""

import json
from html import escape
from pathlib import Path

LEFT, RIGHT, WIDTH = 92, 14, 960
STRIP, AXIS, LEGEND = 15, 30, 26
CHAR = 6.2  # the width of a character, about

INK, PALE, RED = "#222222", "#777777", "#d1242f"
# Of Puppet Server.
PROCESS = {"runs": "#d5dadf", "stops": "#f3c9a5", "starts": "#f7e3b0",
           "": "#ffffff"}
# What it is from an event on.
AFTER = {"SIGTERM": "stops", "has ended": "", "started": "starts",
         "runs": "runs", "killed after a minute": "", "kill -9": "",
         "SIGSTOP": "", "SIGCONT": "runs"}
RUNS = "Puppet Server runs"


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


def read(paths):
    return [json.loads(Path(path).read_text()) for path in paths]


def spans(changes, end):
    """[(at, what), ...] as [(from, to, what), ...], alike ones joined."""
    found = []
    for (at, what), (to, _) in zip(changes, changes[1:] + [(end, "")]):
        if found and found[-1][2] == what:
            found[-1] = (found[-1][0], to, what)
        elif to > at:
            found.append((at, to, what))
    return found


def processes(events, end):
    """Of Puppet Server: [(from, to, (state, caption)), ...]."""
    changes = [(0.0, ("runs", RUNS))]
    for event in events:
        if event["what"] in AFTER:
            state = AFTER[event["what"]]
            changes.append((event["at"], (
                state, RUNS if state == "runs" else state)))
    return spans(changes, end)


# --- drawing ---

class Drawing:
    """Time goes to the right; `y` is where the next thing goes, downwards."""

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

    def heading(self, text):
        self.text(8, self.y - 8, text, INK,
                  ' font-size="14" font-weight="bold"')

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

    def axis(self, longest):
        self.line(LEFT, self.y, WIDTH - RIGHT, self.y, PALE)
        for seconds in range(0, int(longest) + 1, 20):
            x = self.x(seconds)
            self.line(x, self.y, x, self.y + 4, PALE)
            self.text(x, self.y + 16, "%d s" % seconds, PALE,
                      ' text-anchor="middle"')
        self.y += AXIS

    def legend(self, items):
        """`items` is [(fill, what), ...]."""
        x = LEFT
        for fill, what in items:
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
