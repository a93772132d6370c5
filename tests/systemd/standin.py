#!/usr/bin/python3
"""In the machine: what stands in for Puppet Server and for HAProxy.

standin.py foreground [RESTART_FILE]   Puppet Server, as Debian's unit runs it
standin.py start | stop | reload       the same, as upstream's unit does it
standin.py poll                        an HAProxy with agent-check

What happens is noted in the file `events`, in its order; `borrowed` says how
many JRubies are at work.
"""

import http.server
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.append(str(HERE.parent / "integration"))

import jruby  # noqa: E402
from waiting import wait_until  # noqa: E402

SITE = Path("/srv/site")
PID_FILE = Path("/run/puppetserver/pid")
PORT, AGENT_PORT = 8140, 8141
SIGNALS = {signal.SIGTERM, signal.SIGHUP}
# A JVM takes longer still: usherd is to see the server leave.
START_SECONDS = 4


def note(*words):
    line = " ".join(map(str, words)) + "\n"
    fd = os.open(SITE / "events", os.O_WRONLY | os.O_APPEND)
    os.write(fd, line.encode())
    os.close(fd)


def borrowed():
    return int((SITE / "borrowed").read_text())


class Page(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        service = jruby.asked_for("GET %s " % self.path)
        body = b"running"
        if service:
            body = jruby.figures(2, borrowed())(service)[2]
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


class Server(http.server.ThreadingHTTPServer):
    def __init__(self):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(SITE / "cert.pem", SITE / "key.pem")
        super().__init__(("127.0.0.1", PORT), Page)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def finish_request(self, request, client_address):
        with self.context.wrap_socket(request, server_side=True) as tls:
            super().finish_request(tls, client_address)

    def handle_error(self, request, client_address):
        pass  # a client that has left

    def close(self):
        self.shutdown()
        self.server_close()


def foreground(restart_file=None):
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    starts = 0
    while True:
        time.sleep(START_SECONDS)
        server = Server()
        starts += 1
        if restart_file:
            Path(restart_file).write_text(str(starts))
        note("serves")
        number = signal.sigwait(SIGNALS)
        note(signal.Signals(number).name, "borrowed", borrowed())
        server.close()
        if number == signal.SIGTERM:
            return 143
        if restart_file:
            starts = int(Path(restart_file).read_text())


def is_open():
    try:
        socket.create_connection(("127.0.0.1", PORT)).close()
    except OSError:
        return False
    return True


def start():
    child = subprocess.Popen([sys.executable, __file__, "foreground"],
                             start_new_session=True)
    PID_FILE.write_text(str(child.pid))
    wait_until(is_open, "open")
    return 0


def send(number):
    os.kill(int(PID_FILE.read_text()), number)
    wait_until(lambda: not is_open(), "closed")


def stop():
    pid = int(PID_FILE.read_text())
    send(signal.SIGTERM)
    wait_until(lambda: not Path("/proc/%d" % pid).exists(), "gone")
    return 0


def reload():
    send(signal.SIGHUP)
    wait_until(is_open, "open again")
    return 0


def ask():
    try:
        with socket.create_connection(("127.0.0.1", AGENT_PORT), 5) as sock:
            return sock.makefile().read().strip()
    except OSError:
        return "nothing"


def poll():
    told = None
    while True:
        reply = ask()
        if reply != told:
            note("told", reply)
        told = reply
        time.sleep(0.3)


if __name__ == "__main__":
    sys.exit({"foreground": foreground, "start": start, "stop": stop,
              "reload": reload, "poll": poll}[sys.argv[1]](*sys.argv[2:]))
