"""A balancer that asks without a pause until its standard input ends, as a
process of its own: what the tests do does not slow it down.

    poller.py PORT SENT    prints JSON: of each poll when it began, how long it
                           took, in seconds, and what was said; null where that
                           says nothing of usherd
"""

import json
import select
import socket
import sys
import time

HOST, PATIENCE_S = "127.0.0.1", 30
# usherd's, as src/agent.h has it, and what it says when that is over.
NAME_PATIENCE_S, NAMELESS = 0.2, "# unknown server\n"


def connect(sock, port):
    """The last moment at which usherd can't have taken it yet: what it waits
    for a place in usherd's queue is usherd's, what comes then is ours.
    """
    sock.setblocking(False)
    since = time.monotonic()
    end = since + PATIENCE_S
    sock.connect_ex((HOST, port))
    while time.monotonic() < end:
        before = time.monotonic()
        if select.select([], [sock], [], 0.02)[1]:
            break
        since = before
    sock.settimeout(PATIENCE_S)
    return since


def poll(port, sent):
    """What is said; None where that is only because the name came late."""
    with socket.socket() as sock:
        since = connect(sock, port)
        sock.sendall(sent)
        late = time.monotonic() - since > NAME_PATIENCE_S
        data = b""
        while not data.endswith(b"\n"):
            more = sock.recv(4096)
            if not more:
                break
            data += more
        said = data.decode()
        return None if late and said == NAMELESS else said


def main():
    port, sent = int(sys.argv[1]), sys.argv[2]
    polls = []
    while not select.select([sys.stdin], [], [], 0)[0]:
        began = time.monotonic()
        try:
            said = poll(port, sent.encode() + b"\n")
        except OSError as e:
            said = repr(e)
        polls.append((began, time.monotonic() - began, said))
    json.dump(polls, sys.stdout)


if __name__ == "__main__":
    main()
