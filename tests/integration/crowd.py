"""Many connections to the control socket, as a process of its own, since who it
is decides there: each says a line, and stays until standard input ends.

    crowd.py SOCKET COUNT LINE    prints, for each first line of an answer, how
                                  many were given it; "" is none but the end

With an empty LINE nothing is said, and nothing is waited for.
"""

import collections
import json
import resource
import socket
import struct
import sys

PATIENCE_S = 60


def connected(path, line):
    sock = socket.socket(socket.AF_UNIX)
    # While too many wait to be accepted, only who blocks waits too.
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO,
                    struct.pack("ll", PATIENCE_S, 0))
    sock.connect(path)
    sock.settimeout(PATIENCE_S)
    if line:
        sock.sendall(line + b"\n")
    return sock


def first_line(sock):
    with sock.makefile(errors="replace") as said:
        try:
            return said.readline()
        except ConnectionError:
            return ""


def main():
    path, count, line = sys.argv[1], int(sys.argv[2]), sys.argv[3].encode()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    socks = [connected(path, line) for _ in range(count)]
    said = collections.Counter(first_line(s) for s in socks if line)
    print(json.dumps(said), flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
