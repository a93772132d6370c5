"""Canary plans: how they are given, and what `status` says of them."""

from waiting import wait_until

STEPS = [5, 25, 50]
WHY = "new site.pp"
PLAN = ["canary", *("%d%%" % n for n in STEPS), "-m", WHY]
NEXT = ["canary", "--next"]


def plan(usherd, server=None):
    return usherd.status(server)["canary"]


def percent(usherd, server=None):
    """That is in force, or None."""
    ceiling = usherd.status(server)["ceiling"]
    return ceiling and ceiling["percent"]


def wait_objection(usherd, objection, server=None):
    """Until this speaks against the next step; None: nothing does."""
    wait_until(lambda: plan(usherd, server)["objection"] == objection,
               lambda: "%s, but %s" % (objection, plan(usherd, server)))
