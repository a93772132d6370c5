"""What a probe costs usherd, in processor time of its own: with a full
handshake, with a resumed one, and with a second request on that connection,
for Puppet Server's figures; beside the same calls to mbedTLS and nothing else,
and beside a curl that is forked for each probe.  usherd keeps no connection
from one probe to the next: that second request is all that is kept alive.

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

from programs import METRICS, NAME, PKI, Peer, cpu_s, program
from table import Row, aim, bar, beside

from usherd import Usherd
from waiting import wait_until

RESPONDER = Path(__file__).with_name("responder.py")
CERTIFICATE = PKI / "server4096.pem"
KEY = PKI / "server4096.key"
CA = PKI / "ca.pem"
CRL = PKI / "crl.pem"

ROUNDS = 3
SPAN_S = 3
SERVERS = {"full": 4, "resumed": 20}  # full ones, one after the other
BARE = {"full": 50, "resumed": 300, "twice": 300}
PAUSE_MS = 5  # of 20 servers that are asked every 100 ms
CURLS = 20

# What is asked of usherd; the first with TLS 1.2.  It was drawn from handshakes
# in which the client, too, signs with RSA 4096: without a certificate of its
# own a full one is so cheap that the bare calls miss it as well.
RESUMED_OF_FULL = 1 / 20
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
        row["twice"] = {"usherd_ms": usherd_ms(resume, "127.0.0.1:0"),
                        "bare_ms": bare_ms(resume, "twice")}
    return row


def median(rounds):
    """Of each figure over the rounds, and of each of its ratios."""
    row = {}
    for how in rounds[0]:
        row[how] = {key: round(statistics.median(r[how][key] for r in rounds),
                               4) for key in rounds[0][how]}
        for other in [key for key in BESIDE if key in row[how]]:
            row[how]["of_" + other] = round(statistics.median(
                r[how]["usherd_ms"] / r[how][other] for r in rounds), 3)
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


# --- the table ---

HOW = {"full": "full", "resumed": "resumed",
       "twice": "resumed, and two requests"}
BESIDE = {"bare_ms": "bare mbedTLS", "curl_ms": "curl",
          "curl_k_ms": "curl -k"}


def rows(bench):
    found = bench["probes"]
    for version, clients in found["tls"].items():
        for client, row in clients.items():
            name = version.replace("_", ".").replace("v", " ")
            name += " with certificate" * (client == "with_certificate")
            yield from costs(name, row)
            yield from shares(name, client, row)


def costs(name, row):
    for how, ms in row.items():
        what = "CPU of a probe, %s, %s" % (name, HOW[how])
        asked = {"bare_ms": bar("ratio", "<=", OF_BARE)} \
            if how == "resumed" else {}
        for key, companion in BESIDE.items():
            if key in ms:
                yield Row(what, ms["usherd_ms"], "ms", companion, ms[key],
                          ms["of_" + key], asked.get(key))
    if "twice" in row:
        second = {who: row["twice"][who] - row["resumed"][who]
                  for who in ("usherd_ms", "bare_ms")}
        yield beside("CPU of the second request alone, " + name,
                     second["usherd_ms"], "ms", "bare mbedTLS",
                     second["bare_ms"])


def shares(name, client, row):
    """How much of a full one a resumed one costs; the ratio is beside what it
    does with the bare calls.
    """
    kind = bar if client == "with_certificate" else aim
    asked = (kind("value", "<=", RESUMED_OF_FULL)
             if name.startswith("TLS 1.2") else None)
    yield beside("CPU of a resumed probe to a full one, " + name,
                 row["resumed"]["usherd_of_full"], "", "bare mbedTLS",
                 row["resumed"]["bare_of_full"], asked)
