"""usherctl that goes on for a while, read as it speaks; and what it says
while it waits for puppet1.
"""

import contextlib
import signal
import subprocess
import threading

import jruby
from usherd import ME, SANITIZER, Said, binary, environment
from waiting import DEADLINE, wait_until

BUSY = jruby.figures(2, borrowed=2, waiting=1)
IDLE = jruby.figures(2)
DRAINED = "puppet1: up drain 100% # drain by " + ME
DELIVERED = "puppet1: delivered to 1 HAProxy"
NOT_BUSY = "puppet1: 0 requests running, 0 waiting"
NOBODY = "puppet1: warning: no HAProxy polls, so nobody has been told"
BLIND = ("puppet1: no JRuby figures to be had, so whether it is idle "
         "can't be seen: waiting %s instead")
STANDS = "; the order stays in force"
# Probes, 0.1 s apart: more than it takes to settle and to be idle.
MANY = 80


class Follower:
    """One usherctl, such as `drain --wait`."""

    def __init__(self, usherd, args):
        usherd.wait_open()
        self.usherd = usherd
        self.lines = []
        self.process = subprocess.Popen(
            [binary("usherctl"), "-s", str(usherd.socket), *args], text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, env=environment())
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))

    def wait_line(self, part):
        """Until a line has this part; that line."""
        def said():
            return next((line for line in self.lines if part in line), None)

        def said_or_over():
            over = self.process.poll() is not None
            if over:
                self.reader.join(DEADLINE)
            assert not over or said(), "%s\n%s" % (self, self.finish())
            return said()
        return wait_until(said_or_over, lambda: "%s: %s" % (part, self))

    def waits(self):
        return self.process.poll() is None

    def finish(self, deadline=DEADLINE):
        """Waits for the end."""
        try:
            self.process.wait(deadline)
        except subprocess.TimeoutExpired:
            raise AssertionError("goes on: %s" % self) from None
        self.reader.join(DEADLINE)
        err = self.process.stderr.read()
        assert not SANITIZER.search(err), err
        return Said(self.process.returncode, "\n".join(self.lines), err)

    def interrupt(self):
        """Ctrl-C."""
        self.process.send_signal(signal.SIGINT)

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.reader.join(DEADLINE)
        self.process.stdout.close()
        self.process.stderr.close()

    def __str__(self):
        return "%s\n%s" % ("\n".join(self.lines), self.usherd.log())


@contextlib.contextmanager
def following(usherd, *args):
    follower = Follower(usherd, args)
    try:
        yield follower
    finally:
        follower.stop()


# --- what the peer is asked, and how a wait ends -----------------------------

def asked(peer, service="jruby-metrics"):
    """How often for the figures."""
    wanted = " %s%s%s " % (jruby.SERVICES, service, jruby.DEBUG)
    return sum(wanted in r.target for r in list(peer.requests))


def wait_asked(peer, n=MANY, service="jruby-metrics"):
    goal = asked(peer, service) + n
    wait_until(lambda: asked(peer, service) >= goal,
               lambda: "%d of %d" % (asked(peer, service), goal), 90)


def timed_out(said, lacks, seconds=2):
    assert said.code == 6, said
    assert said.err == "usherctl: puppet1: timed out after %ds: %s%s\n" % (
        seconds, lacks, STANDS)


def lost(said, sentence="no order keeps it out of service any more"):
    assert (said.code, said.err) == (1, "usherctl: puppet1: %s\n" % sentence)


def settled(said):
    assert (said.code, said.err) == (0, ""), said
    return said.out.splitlines()
