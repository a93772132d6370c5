"""Behaviours of a Peer that never come to an end: usherd has to, by a deadline
or a limit of its own.
"""


# --- until the deadline -----------------------------------------------------

def silent(conn):
    """Accept and say nothing."""
    conn.drain()


def silent_after_tls(conn):
    conn.tls()
    conn.drain()


def drip_handshake(conn):
    """A record of 16 KB, always one more byte of it."""
    conn.hello()
    conn.send(b"\x16\x03\x03\x40\x00")
    while conn.pause(0.02):
        conn.send(b"\x02")


def drip(conn):
    """Always one more byte, and never the last one."""
    conn.tls()
    conn.request()
    conn.send(b"HTTP/1.1 200 OK\r\nX-Drip: ")
    while conn.pause(0.02):
        conn.send(b"x")


# --- as fast as it goes -----------------------------------------------------

def handshake(record):
    """In place of a ServerHello."""
    def behave(conn):
        conn.hello()
        while True:
            conn.send(record * 999)
    return behave


def answer(first, more):
    """After the handshake `first`, and then `more` for ever."""
    def behave(conn):
        conn.tls()
        conn.request()
        conn.send(first)
        while True:
            conn.send(more)
    return behave


warnings = handshake(b"\x15\x03\x03\0\2\1\x5a")
hello_requests = handshake(b"\x16\x03\x03\0\4\0\0\0\0")
interim = answer(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n")
