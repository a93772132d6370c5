"""A balancer that asks without a pause until its standard input ends, as a
process of its own: what the tests do does not slow it down.

    poller.py PORT SENT REPLY    prints JSON: how long each poll took, in
                                 seconds, and what was said to some else
"""

import json
import select
import socket
import sys
import time

HOST, PATIENCE_S = "127.0.0.1", 30
NAME_PATIENCE_S = 0.2  # usherd's, as src/agent.h has it


def poll(port, sent):
    """What is said; None where this process was too slow to be heard."""
    began = time.monotonic()
    with socket.create_connection((HOST, port), timeout=PATIENCE_S) as sock:
        sock.sendall(sent)
        if time.monotonic() - began > NAME_PATIENCE_S:
            return None
        data = b""
        while not data.endswith(b"\n"):
            more = sock.recv(4096)
            if not more:
                break
            data += more
        return data.decode()


def main():
    port, sent, reply = int(sys.argv[1]), sys.argv[2], sys.argv[3]
    took, wrong = [], []
    while not select.select([sys.stdin], [], [], 0)[0]:
        began = time.monotonic()
        try:
            said = poll(port, sent.encode() + b"\n")
        except OSError as e:
            said = repr(e)
        took.append(time.monotonic() - began)
        if said not in (reply + "\n", None):
            wrong.append(said)
    json.dump({"took": took, "wrong": wrong}, sys.stdout)


if __name__ == "__main__":
    main()
