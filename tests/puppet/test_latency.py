"""How long HAProxy takes to know: from kill -9 of a Puppet Server to DOWN, and
from its first good answer to UP, with usherd's defaults and haproxy/tcp.cfg.

The figures are printed, not judged: a busy machine must not fail a test.
"""

import statistics
import time
from concurrent.futures import ThreadPoolExecutor

RUNS = 6
# Kills are spread over the time between two probes.
PROBE_GAP = 2.2


def start_all(farm):
    """Both at once, to use two cores; seconds from good answer to UP."""
    began = farm.history.note("both", "start")
    for node in farm.nodes:
        node.puppet.start()

    def up_after(node):
        good = node.puppet.wait_running()
        farm.history.note(node.name, "has answered `running` to the test")
        up = farm.history.wait(node.name, "UP", began)
        # A cold JVM takes its time: others may have been answered before.
        return up - min(good, farm.history.first_good_answer(node.name, began))

    with ThreadPoolExecutor() as pool:
        return list(pool.map(up_after, farm.nodes))


def down_after(farm, node):
    killed = farm.history.note(node.name, "kill -9")
    node.puppet.kill9()
    return farm.history.wait(node.name, "DOWN (agent)", killed) - killed


def show(what, seconds):
    print("%-28s %s   median %.2f  max %.2f" % (
        what, " ".join("%.2f" % s for s in seconds),
        statistics.median(seconds), max(seconds)))


def test_how_soon_haproxy_knows(farm):
    ups, downs = [], []
    for node in farm.nodes:
        farm.history.wait(node.name, "DOWN (agent)")
    while len(downs) < RUNS:
        ups += start_all(farm)
        for node in farm.nodes:
            # Not a wait for something: the moment of the kill, varied.
            time.sleep(PROBE_GAP * len(downs) / RUNS)
            downs.append(down_after(farm, node))
            node.puppet.wait_exit()
    print("\n\nseconds, %d runs" % RUNS)
    show("kill -9 -> DOWN", downs)
    show("first good answer -> UP", ups)
    assert len(ups) == len(downs) == RUNS
