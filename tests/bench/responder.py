"""Stands in for a Puppet Server whose TLS is OpenSSL's, one thread for each
connection, in a process of its own.

    responder.py CERTIFICATE KEY METRICS VERSION resume|full [CA]

METRICS is an answer, of which who asks for jruby-metrics gets the body;
VERSION is TLSv1_2 or TLSv1_3.  In TLS 1.2 it resumes by session ID, in 1.3 by
ticket, or with `full` not at all.  With CA it demands a certificate of who
asks.  Prints its port; for each line on standard input, what it has counted so
far: full handshakes, resumed ones, those that failed, requests.  Ends with its
input.
"""

import contextlib
import socket
import ssl
import sys
import threading
from pathlib import Path

ANSWER = (b"HTTP/1.1 200 OK\r\n"
          b"Date: Sun, 22 Nov 2026 21:24:22 GMT\r\n"
          b"Content-Type: %s;charset=utf-8\r\n"
          b"Vary: Accept-Encoding, User-Agent\r\n"
          b"Transfer-Encoding: chunked\r\n\r\n"
          b"%X\r\n%s\r\n0\r\n\r\n")

counted = dict.fromkeys(("full", "resumed", "failed", "requests"), 0)
lock = threading.Lock()


def count(what):
    with lock:
        counted[what] += 1


def context(certificate, key, version, ca=None):
    ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ctx.load_cert_chain(certificate, key)
    ctx.minimum_version = ctx.maximum_version = ssl.TLSVersion[version]
    # As Java has it: the client's order counts, TLS 1.2 has no tickets.
    ctx.options &= ~ssl.OP_CIPHER_SERVER_PREFERENCE
    if version == "TLSv1_2":
        ctx.options |= ssl.OP_NO_TICKET
    if ca:
        ctx.load_verify_locations(ca)
        ctx.verify_mode = ssl.CERT_REQUIRED
    return ctx


def answer(request, metrics):
    if b"/jruby-metrics?" in request:
        return ANSWER % (b"application/json", len(metrics), metrics)
    return ANSWER % (b"text/plain", 7, b"running")


def serve(ctx, plain, metrics):
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        with ctx.wrap_socket(plain, server_side=True) as tls:
            count("resumed" if tls.session_reused else "full")
            for request in requests(tls):
                count("requests")
                tls.sendall(answer(request, metrics))
            end(tls)
    except OSError:
        count("failed")


def end(tls):
    """Without it, OpenSSL forgets the session."""
    with contextlib.suppress(OSError):
        tls.unwrap()


def requests(tls):
    """One after the other, until the client leaves."""
    text = b""
    while True:
        more = tls.recv(4096)
        if not more:
            return
        text += more
        if text.endswith(b"\r\n\r\n"):
            yield text
            text = b""


def listen(certificate, key, metrics, version, sessions, ca=None):
    def new():
        return context(certificate, key, version, ca)

    kept = new()
    body = Path(metrics).read_bytes().partition(b"\r\n\r\n")[2]
    listener = socket.create_server(("127.0.0.1", 0), backlog=256)
    print(listener.getsockname()[1], flush=True)
    while True:
        plain, _ = listener.accept()
        # A new context knows no session.
        ctx = kept if sessions == "resume" else new()
        threading.Thread(target=serve, args=(ctx, plain, body),
                         daemon=True).start()


def main():
    threading.Thread(target=listen, args=sys.argv[1:], daemon=True).start()
    for _ in sys.stdin:
        with lock:
            print(*counted.values(), flush=True)


if __name__ == "__main__":
    main()
