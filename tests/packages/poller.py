#!/usr/bin/python3
"""An HAProxy with agent-check: prints what it is told, each time it changes.
Runs until it is killed.
"""

import socket
import time

PORT = 8141


def poll():
    try:
        with socket.create_connection(("127.0.0.1", PORT), timeout=5) as sock:
            return sock.makefile().read().strip()
    except OSError:
        return "closed"


def main():
    last = None
    while True:
        told = poll()
        if told != last:
            print(told, flush=True)
        last = told
        time.sleep(0.2)


if __name__ == "__main__":
    main()
