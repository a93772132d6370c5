"""What a probe costs usherd, in processor time of its own: with a full
handshake, with a resumed one, and of a second request on one connection;
beside the same calls to mbedTLS and nothing else, and beside a curl that is
forked for each probe.

The server is another process, with a key of RSA 4096 and a CA to match, as
Puppet has.
"""

import contextlib
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from programs import METRICS, NAME, PKI, Peer, program

from usherd import Usherd
from waiting import wait_until

RESPONDER = Path(__file__).with_name("responder.py")
CERTIFICATE = PKI / "server4096.pem"
KEY = PKI / "server4096.key"
CA = PKI / "ca.pem"
CRL = PKI / "crl.pem"

ROUNDS = 2
SPAN_S = 3
SERVERS = {"full": 4, "resumed": 20}  # full ones, one after the other
BARE = {"full": 50, "resumed": 300, "kept": 300}
PAUSE_MS = 5  # of 20 servers that are asked every 100 ms
CURLS = 20

# What is asked of usherd.
RESUMED_OF_FULL = 1 / 20  # with TLS 1.2 and a certificate of usherd's own
OF_BARE = 1.3


class Responder(Peer):
    """Puppet Server's place, with OpenSSL."""

    command = (sys.executable, RESPONDER, CERTIFICATE, KEY, METRICS)

    def __init__(self, version, sessions, client):
        self.sessions = sessions
        self.client = client
        super().__init__([*self.command, version, sessions,
                          *([CA] if client else [])])

    def name(self):
        """How a probe of it goes."""
        return "resumed" if self.sessions == "resume" else "full"


def cpu_s(pid):
    """Of all its threads; in nanoseconds, where /proc/PID/stat has ticks."""
    tasks = Path("/proc/%d/task" % pid).glob("*/schedstat")
    return sum(int(task.read_text().split()[0]) for task in tasks) / 1e9


def config(responder, count, http):
    return {
        "usher": {"agent-listen": "127.0.0.1:0", "http-listen": http},
        "defaults": {
            "address": "127.0.0.1:%d" % responder.port, "tls-name": NAME,
            "ca-file": CA, "crl-file": CRL,
            "cert-file": CERTIFICATE if responder.client else None,
            "key-file": KEY if responder.client else None,
            "interval": "100ms", "fast-interval": "100ms"},
        **{"server puppet%d.test" % i: {} for i in range(count)}}


def usherd_ms(responder, http=None):
    """For each probe; with HTTP, usherd has a second request for figures."""
    count = SERVERS[responder.name()]
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        begun = responder.served()
        usherd = Usherd(folder, config(responder, count, http))
        stack.callback(usherd.stop)
        # Each has had its first one, and another.
        wait_until(lambda: handshakes(responder, begun) > 3 * count,
                   usherd.log)
        before, from_s = responder.served(), cpu_s(usherd.process.pid)
        time.sleep(SPAN_S)
        served = responder.served()
        spent_s = cpu_s(usherd.process.pid) - from_s
        probes = handshakes(responder, before)
        if served.failed > begun.failed:
            raise RuntimeError("handshakes have failed\n" + usherd.log())
        wrong = (served.full - before.full if responder.sessions == "resume"
                 else served.resumed - before.resumed)
        if wrong > 0:
            raise RuntimeError("%d handshakes of the other kind" % wrong)
        return 1000 * spent_s / probes


def handshakes(responder, since):
    now = responder.served()
    return now.full - since.full + now.resumed - since.resumed


def bare_ms(responder, how):
    done = subprocess.run(
        [program("bare"), str(responder.port), how, str(BARE[how]),
         str(PAUSE_MS), NAME, CA, CRL,
         *([CERTIFICATE, KEY] if responder.client else [])],
        stdout=subprocess.PIPE, text=True, check=True, timeout=60)
    return float(done.stdout) / 1000


def curl_ms(responder, *options):
    """For each of them, from fork to end."""
    command = ["curl", "-sS", "--resolve",
               "%s:%d:127.0.0.1" % (NAME, responder.port), *options,
               "https://%s:%d/status/v1/simple" % (NAME, responder.port)]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    for _ in range(CURLS):
        done = subprocess.run(command, stdout=subprocess.PIPE, check=True,
                              timeout=60)
        if done.stdout != b"running":
            raise RuntimeError("curl was told %r" % done.stdout)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return 1000 * (after.ru_utime - before.ru_utime
                   + after.ru_stime - before.ru_stime) / CURLS


def both_ms(responder):
    return {"usherd_ms": usherd_ms(responder),
            "bare_ms": bare_ms(responder, responder.name())}


def one_round(full, resume):
    row = {"full": both_ms(full), "resumed": both_ms(resume)}
    if not full.client:
        row["full"] |= {
            "curl_ms": curl_ms(full, "--cacert", CA, "--crlfile", CRL),
            "curl_k_ms": curl_ms(full, "-k")}
    return row


def older_round(full, resume):
    """With TLS 1.2, where a handshake costs so little that a second request
    is seen beside it.
    """
    row = one_round(full, resume)
    if not full.client:
        row["kept"] = {
            "usherd_ms": (usherd_ms(resume, "127.0.0.1:0")
                          - row["resumed"]["usherd_ms"]),
            "bare_ms": bare_ms(resume, "kept")}
    return row


def median(rounds):
    """Of each figure over the rounds, and of each of its ratios."""
    row = {}
    for how in rounds[0]:
        row[how] = {key: round(statistics.median(r[how][key] for r in rounds),
                               4) for key in rounds[0][how]}
        # One that is a difference is too noisy for it.
        if how == "kept":
            continue
        row[how]["of_bare"] = round(statistics.median(
            r[how]["usherd_ms"] / r[how]["bare_ms"] for r in rounds), 2)
    for who in ("usherd", "bare"):
        row["resumed"][who + "_of_full"] = round(statistics.median(
            r["resumed"][who + "_ms"] / r["full"][who + "_ms"]
            for r in rounds), 4)
    return row


def of_version(version, client=False):
    with contextlib.ExitStack() as stack:
        full = Responder(version, "full", client)
        stack.callback(full.stop)
        resume = Responder(version, "resume", client)
        stack.callback(resume.stop)
        each = older_round if version == "TLSv1_2" else one_round
        return median([each(full, resume) for _ in range(ROUNDS)])


def measure():
    library = subprocess.run([program("bare")], stdout=subprocess.PIPE,
                             text=True, check=True).stdout.strip()
    curl = subprocess.run(["curl", "-V"], stdout=subprocess.PIPE, text=True,
                          check=True).stdout.split("\n")[0]
    tls = {"TLSv1_2": {"anonymous": of_version("TLSv1_2"),
                       "with_certificate": of_version("TLSv1_2", True)}}
    # mbedTLS has had TLS 1.3 for clients since 3.
    if not library.split()[-1].startswith("2."):
        tls["TLSv1_3"] = {"anonymous": of_version("TLSv1_3")}
    return {"library": library, "curl": " ".join(curl.split()[:2]),
            "tls": tls}


def rows(measured):
    for version, clients in measured["tls"].items():
        for client, row in clients.items():
            yield version.replace("_", "."), client.replace("_", " "), row


def show(measured):
    print("A probe, ms of the client's processor time; all keys RSA 4096; "
          "%s; %s" % (measured["library"], measured["curl"]))
    print("%-33s%8s%8s%8s%8s%8s" % (
        "", "usherd", "bare", "ratio", "curl", "curl -k"))
    for version, client, row in rows(measured):
        for how, ms in row.items():
            print("%-33s%8.3f%8.3f%8s%8s%8s" % (
                "%s %s, %s" % (version, client, how), ms["usherd_ms"],
                ms["bare_ms"],
                *("%.4g" % ms[key] if key in ms else "-"
                  for key in ("of_bare", "curl_ms", "curl_k_ms"))))
    for version, client, row in rows(measured):
        print("%s %s: resumed is %.3f of full, with the bare calls %.3f" % (
            version, client, row["resumed"]["usherd_of_full"],
            row["resumed"]["bare_of_full"]))
    for text, value, bar in bars(measured):
        print("%s: %s: %.3f, asked for %.3f" % (
            "ok" if value <= bar else "MISSED", text, value, bar))


def bars(measured):
    """What is asked for: text, value, and what it may be at most."""
    for version, client, row in rows(measured):
        what = "%s %s, resumed" % (version, client)
        if version == "TLSv1.2" and client == "with certificate":
            yield (what + " to full", row["resumed"]["usherd_of_full"],
                   RESUMED_OF_FULL)
        yield what + " to bare calls", row["resumed"]["of_bare"], OF_BARE


def failed(_measured):
    return False
