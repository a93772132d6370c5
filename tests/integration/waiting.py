"""Waiting for a condition, with a deadline that says what was missing."""

import datetime
import time

# Far beyond what anything takes, also with sanitizers on a busy machine.
DEADLINE = 30


def wait_until(condition, what, deadline=DEADLINE, every=0.02):
    """Poll until condition() is true, and return what it said."""
    end = time.monotonic() + deadline
    while True:
        got = condition()
        if got:
            return got
        if time.monotonic() > end:
            saw = what() if callable(what) else what
            raise AssertionError("not within %d s: %s" % (deadline, saw))
        time.sleep(every)


def wait_for_clock(until):
    """Until the clock shows a time that status has shown."""
    moment = datetime.datetime.fromisoformat(until.replace("Z", "+00:00"))
    wait_until(lambda: time.time() > moment.timestamp(), until)
