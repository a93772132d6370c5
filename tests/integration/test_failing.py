"""Memory that can't be had: each allocation of a usherd's life fails once, and
then it and the next twenty, the libraries' too.

A life is a start, a probe with a full handshake, an order, a poll, a look at
everything that can be looked at, a reload, the end of the order, and the end.
By default every so manieth allocation is tried; `make faults` tries all, but
for those of libmbedcrypto, which are ten thousands.
"""

import contextlib
import os
import re
import shutil
import signal

import pytest

from usherd import SANITIZER, Usherd, read_all
from waiting import wait_until

# One of so many is tried.
EVERY = int(os.environ.get("FAILING_EVERY", "64"))
EVERY_CRYPTO = 97 * EVERY
PARTS = 4
TOTAL = re.compile(r"allocations others=(\d+) crypto=(\d+) failed=(\d+)")
# What may be said of a server in service once its drain has been taken, or
# after a start with that drain on disk: a probe for which usherd has no memory
# says nothing against it.  Or there is no reply.
DRAINED = re.compile(rb"((up )?drain 100% # drain by [ -~]+\n)?")
LOOKS = ("status", "status -j", "explain", "explain -j", "pollers -j", "log",
         "log -j", "haproxy-config", "help", "version", "probe", "reload")
PAGES = ("/", "/metrics", "/status", "/drainable", "/server/puppet1")
BROWSER = "GET / HTTP/1.1\r\nHost: a\r\nAccept: text/html\r\n\r\n"


class Life:
    """One usherd, to its end."""

    def __init__(self, folder, config, failing):
        self.failing = failing
        self.usherd = Usherd(folder, config, ["env", "FAILING=" + failing],
                             program="usherd-failing")

    def __repr__(self):
        return "FAILING=\"%s\"\n%s" % (self.failing, self.usherd.log())

    def opened(self):
        """Whether it has started; else it has said why not, and ended."""
        def either():
            if not self.usherd.alive():
                return True
            with contextlib.suppress(OSError), self.usherd.connect_control():
                return True
        wait_until(either, self)
        if self.usherd.alive():
            return True
        assert self.usherd.finish() == 1, self
        said = [line for line in self.usherd.lines if not TOTAL.match(line)]
        assert said, self
        return False

    def say(self, line):
        """To the control socket; b"" where it closed without an answer."""
        with self.usherd.connect_control() as sock:
            sock.sendall(line.encode() + b"\n")
            answer = read_all(sock)
        assert answer == b"" or re.match(rb"ok\n|error \d [ -~]+\n", answer), (
            line, answer, self)
        return answer

    def taken(self, order):
        wait_until(lambda: self.say(order).startswith(b"ok\n"), self)

    def look(self):
        for line in LOOKS:
            self.say(line)
        for path in PAGES:
            self.ask("GET %s HTTP/1.1\r\nHost: a\r\n\r\n" % path)
        self.ask(BROWSER)

    def ask(self, request):
        with self.usherd.connect(self.usherd.ports("http")[0]) as sock:
            sock.sendall(request.encode())
            answer = read_all(sock)
        assert re.match(rb"HTTP/1.1 (200|404|500|503) |\Z", answer), (answer, self)

    def poll(self):
        return self.usherd.poll(b"puppet1\n")

    def live(self):
        """Out of service while that is ordered, and back when it's over."""
        self.taken("drain puppet1")
        for _ in range(3):
            said = self.poll()
            assert DRAINED.fullmatch(said), (said, self)
        self.look()
        assert DRAINED.fullmatch(self.poll()), self
        self.taken("auto puppet1")
        wait_until(lambda: self.poll() == b"up ready 100%\n", self)

    def end(self):
        self.usherd.process.send_signal(signal.SIGTERM)
        assert self.usherd.finish() == 0, self

    def close(self):
        if self.usherd.alive():
            self.usherd.kill()
        shutil.rmtree(self.usherd.own, ignore_errors=True)

    def total(self):
        """How many allocations there were: (others, crypto, failed)."""
        log = "\n".join(self.usherd.lines)
        assert not SANITIZER.search(log), self
        return tuple(int(n) for n in TOTAL.search(log).groups())

    def again(self, failing):
        """The next one, with the same orders on disk; whether it started."""
        self.failing = failing
        self.usherd.wrap = ["env", "FAILING=" + failing]
        self.usherd.start()
        return self.opened()


@pytest.fixture
def begin(tmp_path, peer, config_for, cleanup):
    """A life where these fail."""
    def one(failing):
        life = Life(tmp_path, config_for(
            peer, usher_http_listen="127.0.0.1:0"), failing)
        cleanup.callback(life.close)
        return life
    return one


@pytest.fixture
def live(begin):
    """The same, to its end; how many allocations there were."""
    def one(failing):
        life = begin(failing)
        if life.opened():
            life.live()
            life.end()
        life.close()
        return life.total()
    return one


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("times", [1, 20])
@pytest.mark.parametrize("who, every", [
    ("others", EVERY), ("crypto", EVERY_CRYPTO)])
def test_each_fails(live, figure, who, every, times, part):
    total = live("%s 0 0" % who)[who == "crypto"]
    numbers = range(1, total + 1, every)[part::PARTS]
    struck = [live("%s %d %d" % (who, number, times))[2] > 0
              for number in numbers]
    # A life may end before it comes to the last of another one's.
    assert total > 0 and sum(struck) >= len(struck) // 2, (total, struck)
    figure("%d of %d allocations failed in turn, %d at once: none hurt"
           % (sum(struck), total, times))


@pytest.mark.parametrize("times", [1, 20])
def test_what_is_on_disk(begin, figure, times):
    """It is kept, and heeded, or usherd doesn't start."""
    life = begin("others 0 0")
    assert life.opened()
    life.taken("drain puppet1")
    life.end()
    tries, started = range(1, 400, max(1, EVERY // 8)), 0
    for number in tries:
        if life.again("others %d %d" % (number, times)):
            started += 1
            said = life.poll()
            assert DRAINED.fullmatch(said), (said, life)
            life.end()
    assert life.again("others 0 0")
    assert re.match(rb"(up )?drain 100% # drain by ", life.poll()), life
    life.end()
    assert started < len(tries) and (started > 0 or times > 1), started
    figure("of %d starts %d came about" % (len(tries), started))
