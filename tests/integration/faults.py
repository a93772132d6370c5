"""System calls of one usherd that fail, from when a test says so until it says
that they work again.
"""

import errno
from pathlib import Path

from preload import Preloaded
from waiting import wait_until

# As in faults.c.
NAMES = ("accept", "socket", "port", "send", "send_most", "write",
         "write_most", "fsync", "fsync_hang", "fsync_folder", "rename",
         "thread", "look_up", "look_up_hang")
UNIX_PORT = -1  # all unix sockets


class Faults(Preloaded):
    def __init__(self, folder):
        super().__init__(folder, Path(__file__).with_suffix(".c"), "FAULTS",
                         2 * len(NAMES))

    def set(self, **faults):
        """Numbers, or names of errors; 0: works again."""
        for name, value in faults.items():
            self.put(NAMES.index(name), getattr(errno, str(value), value))

    def met(self, name):
        """How often it has struck."""
        return self.get(len(NAMES) + NAMES.index(name))

    def wait_met(self, name, more=1):
        goal = self.met(name) + more
        wait_until(lambda: self.met(name) >= goal,
                   lambda: "%s: %d" % (name, self.met(name)))
