#!/usr/bin/python3
"""make test-instructions: how many instructions of usherd's own a poll takes,
and a probe that resumes its session; more than 5 % above instructions.json is
a failure.

    instructions.py FOLDER    what callgrind has counted is left there;
                              USHER_BIN is the folder that was built

Of its own are those of the program, without any library's, so they depend on
the compiler and not on the machine.  Each number is the difference between a
long run and a short one, which ends where the start and the end have no part
in it; polls and probes come one after the other from here, and no time is
measured.
"""

import concurrent.futures
import contextlib
import json
import os
import platform
import re
import shutil
import socket
import sys
import tempfile
from pathlib import Path

BENCH = Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path[:0] = [str(BENCH), str(BENCH.parent / "integration")]

from programs import NAME, PKI  # noqa: E402
from responder import answer, context, end, requests  # noqa: E402

from usherd import Usherd  # noqa: E402

BASELINES = BENCH / "instructions.json"
GROWTH = 1.05
SERVERS = ["puppet%d.test" % i for i in range(4)]
POLLS = (500, 2500)
PROBES = (40, 160)
PATIENCE_S = 60


# --- what usherd is asked, and asks -----------------------------------------

class PuppetServer:
    """Answers one probe after the other, in this thread."""

    def __init__(self):
        self.context = context(PKI / "server4096.pem", PKI / "server4096.key",
                               "TLSv1_2")
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.settimeout(PATIENCE_S)
        self.port = self.listener.getsockname()[1]
        self.held = []

    def close(self):
        for sock in (self.listener, *self.held):
            sock.close()

    def accept(self):
        plain, _ = self.listener.accept()
        plain.settimeout(PATIENCE_S)
        return plain

    def serve(self, count):
        for _ in range(count):
            with self.context.wrap_socket(self.accept(),
                                          server_side=True) as tls:
                for request in requests(tls):
                    tls.sendall(answer(request, b""))
                end(tls)

    def hold(self):
        """A probe that gets no answer."""
        self.held.append(self.accept())
        self.held[-1].recv(1, socket.MSG_PEEK)


def poll(port, name):
    with socket.create_connection(("127.0.0.1", port), PATIENCE_S) as sock:
        sock.sendall(name.encode() + b"\n")
        said = b""
        while more := sock.recv(4096):
            said += more
    if not said.startswith(b"up "):
        raise RuntimeError("a poll was told %r" % said)


def poll_times(count, usherd, server):
    server.serve(len(SERVERS))
    for name in SERVERS:
        usherd.wait_fact("verdict", server=name)
    for i in range(count):
        poll(usherd.agent_port, SERVERS[i % len(SERVERS)])


def probe_times(count, _, server):
    """After them, each server waits for an answer."""
    server.serve(count)
    for _ in SERVERS:
        server.hold()


# --- counting ---------------------------------------------------------------

def config(server, interval):
    return {
        "usher": {"agent-listen": "127.0.0.1:0", "ready": None},
        "defaults": {
            "address": "127.0.0.1:%d" % server.port, "tls-name": NAME,
            "ca-file": PKI / "ca.pem", "crl-file": PKI / "crl.pem",
            "interval": interval, "fast-interval": "100ms", "timeout": "1m"},
        **{"server " + name: {} for name in SERVERS}}


def own_instructions(path):
    """The self cost of the functions of usherd, from callgrind's file."""
    total, own, names, of_call = 0, False, {}, False
    for line in path.read_text().splitlines():
        if line.startswith("ob="):
            number, name = re.fullmatch(r"ob=\((\d+)\)(?: (.*))?",
                                        line).groups()
            names.setdefault(number, name)
            own = names[number].endswith("/usherd")
        elif line.startswith("cob="):
            number, name = re.fullmatch(r"cob=\((\d+)\)(?: (.*))?",
                                        line).groups()
            names.setdefault(number, name)
        elif line.startswith("calls="):
            of_call = True
        elif re.match(r"[+*\-\d]", line):
            if own and not of_call:
                total += int(line.split()[1])
            of_call = False
    return total


def run(drive, count, interval, out):
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        server = PuppetServer()
        stack.callback(server.close)
        usherd = Usherd(folder, config(server, interval), wrap=[
            "valgrind", "--tool=callgrind", "-q", "--vgdb=no",
            "--callgrind-out-file=%s" % out])
        stack.callback(usherd.stop)
        drive(count, usherd, server)
    return own_instructions(out)


def measure(folder):
    """{"poll": instructions, "probe": instructions}."""
    kinds = {"poll": (poll_times, POLLS, "1h"),
             "probe": (probe_times, PROBES, "100ms")}
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        runs = {kind: [pool.submit(run, drive, count, interval,
                                   folder / ("%s.%d" % (kind, count)))
                       for count in counts]
                for kind, (drive, counts, interval) in kinds.items()}
        return {kind: round((long.result() - short.result())
                            / (kinds[kind][1][1] - kinds[kind][1][0]))
                for kind, (short, long) in runs.items()}


# --- against what it was ----------------------------------------------------

def here():
    """Whose compiler it is: Debian's release, and the processor."""
    release = dict(line.split("=", 1) for line in
                   Path("/etc/os-release").read_text().splitlines() if line)
    return "%s %s" % (release.get("VERSION_CODENAME", "?"),
                      platform.machine())


def main():
    folder = Path(sys.argv[1])
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    counted = measure(folder)
    baseline = json.loads(BASELINES.read_text()).get(here(), {})
    grown = [kind for kind, count in counted.items()
             if count > GROWTH * baseline.get(kind, 0)]
    for kind, count in counted.items():
        print("%s: %d instructions of usherd's own, baseline %s" % (
            kind, count, baseline.get(kind, "none")))
    if grown:
        print("More than 5 %% above the baseline: %s.\nWhat takes them: "
              "callgrind_annotate %s/%s.%d\nIf it is worth them, "
              "%s says:\n \"%s\": %s" % (
                  ", ".join(grown), folder, grown[0],
                  {"poll": POLLS, "probe": PROBES}[grown[0]][1],
                  BASELINES.relative_to(BENCH.parent.parent), here(),
                  json.dumps(counted)))
    sys.exit(bool(grown))


if __name__ == "__main__":
    main()
