"""The page in a real browser: what stands on it, what it fetches, how it fits.

All that the browser asks for goes through a proxy of the test, also what it
would like to ask its maker, so that nothing leaves the machine.
"""

import html
import re
import shutil
import socket
import struct
import subprocess
import tempfile
import threading
import zlib

import pytest

import endless
from ports import HOST
from waiting import DEADLINE
from web import BROWSER, ask

HTTP = {"usher_http_listen": HOST + ":0"}
REASON = "kernel upgrade <script>document.title='pwned'</script> " * 4
# What a browser would like to do besides; and sandboxes need user namespaces.
QUIET = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
         "--no-first-run", "--disable-sync", "--disable-extensions",
         "--disable-background-networking", "--disable-component-update",
         "--disable-default-apps", "--disable-dev-shm-usage",
         "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]
ELSEWHERE = re.compile(r'(?:src|href|action)="(?!#|/|data:)|url\(|//')


class Proxy:
    """Passes requests for usherd on, whatever host they name; notes each."""

    def __init__(self, usherd):
        self.usherd = usherd
        self.asked = []
        self.before = {}  # what to do before the n-th request is passed on
        self.listener = socket.create_server((HOST, 0))
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            with sock:
                self.serve(sock)

    def serve(self, sock):
        sock.settimeout(DEADLINE)
        request = b""
        while b"\r\n\r\n" not in request:
            more = sock.recv(65536)
            if not more:
                return
            request += more
        line = request.split(b"\r\n")[0].decode()
        if "//usher.test/" not in line:
            return
        self.asked.append(line)
        self.before.pop(len(self.asked), lambda: None)()
        with self.usherd.connect(self.usherd.ports("http")[0]) as to:
            to.sendall(request)
            while True:
                data = to.recv(65536)
                if not data:
                    return
                sock.sendall(data)

    def stop(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(10)


def chromium(url, *flags):
    """What it prints."""
    home = tempfile.mkdtemp(prefix="usher-")
    try:
        done = subprocess.run(
            ["chromium", *QUIET, "--user-data-dir=" + home, *flags, url],
            capture_output=True, text=True, timeout=120,
            env={"HOME": home, "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"})
    finally:
        shutil.rmtree(home, ignore_errors=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def farm(start_peer, start_usherd, config_for):
    """puppet1 in service, puppet2 with a canary, puppet3 refuses."""
    three = [start_peer() for _ in range(3)]
    three[2].refuse()
    usherd = start_usherd(config_for(*three, **HTTP))
    usherd.wait_fact("verdict", server="puppet1", **{"is": "up"})
    usherd.wait_fact("verdict", server="puppet3", **{"is": "fail"})
    usherd.order("canary", "puppet2", "5%", "50%", "-m", REASON)
    usherd.poll(b"puppet1\n", source="127.0.0.2")
    return usherd


@pytest.fixture
def proxy(farm, cleanup):
    proxy = Proxy(farm)
    cleanup.callback(proxy.stop)
    return proxy


def browse(proxy, *flags):
    return chromium("http://usher.test/", "--proxy-server=%s:%d" % (
        HOST, proxy.port), *flags)


def without_icon(dom):
    """Its data: URL names SVG's namespace, which nobody fetches."""
    return re.sub(r'<link rel="icon"[^>]*>', "", dom)


def text_of(dom):
    body = re.sub(r"<(style|script)\b.*?</\1>", "", dom, flags=re.S)
    return html.unescape(re.sub(r"<[^>]*>", " ", body))


def test_in_a_browser(farm, proxy):
    """It shows how things stand, and again after a while, by itself."""
    proxy.before[2] = lambda: farm.order("drain", "puppet1", "--force")
    dom = browse(proxy, "--virtual-time-budget=9000", "--dump-dom")
    assert len(proxy.asked) >= 2, proxy.asked
    assert set(proxy.asked) == {"GET http://usher.test/ HTTP/1.1"}
    assert not ELSEWHERE.search(without_icon(dom)), dom
    text = " ".join(text_of(dom).split())
    assert "1 of 3 in service; 2 not: puppet1 , puppet3" in text, text
    for words in ("puppet1 drained HAProxy is told up drain 100%",
                  "drain by " , "127.0.0.2 in, ",
                  "puppet2 in service, 5% HAProxy is told up ready 5% # canary",
                  "next step: 50%, with `canary --next`", REASON.strip(),
                  "puppet3 failing HAProxy is told fail",
                  "connection refused", "JRubies lent"):
        assert words in text, (words, text)
    assert dom.count("<svg class=\"chart\"") == 3
    # The reason has stayed text, and the style was let in by the policy.
    assert "<title>usher: 1 of 3 in service</title>" in dom


def look_at(png):
    """Width, height, and the first pixel, which no filter of PNG changes."""
    data = png.read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    at, pixels = 8, b""
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at:at + 8])
        if kind == b"IDAT":
            pixels += data[at + 8:at + 8 + length]
        at += length + 12
    return (*struct.unpack(">II", data[16:24]),
            zlib.decompress(pixels)[1:4].hex())


@pytest.mark.parametrize("scheme, color", [("dark", "14181a"),
                                           ("light", "f4f5f3")])
def test_light_and_dark(proxy, tmp_path, scheme, color):
    png = tmp_path / "page.png"
    browse(proxy, "--window-size=1280,900", "--screenshot=%s" % png,
           "--blink-settings=preferredColorScheme=%d" % (scheme == "light"))
    assert look_at(png) == (1280, 900, color)


FRAME = """\
<!DOCTYPE html>
<iframe srcdoc="%s" style="width:%dpx;height:800px;border:0"></iframe>
<script>
const frame = document.querySelector("iframe");
frame.addEventListener("load", () => {
  const root = frame.contentDocument.documentElement;
  document.body.append("width=" + root.scrollWidth,
                       " cards=" + frame.contentDocument
                         .querySelectorAll("article").length);
});
</script>
"""


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_fits(farm, tmp_path, width):
    """Nothing stands out at the side, on a telephone neither."""
    page = ask(farm, headers=BROWSER).body.decode()
    path = tmp_path / "frame.html"
    path.write_text(FRAME % (html.escape(page), width))
    dom = chromium("file://%s" % path, "--window-size=1400,900",
                   "--virtual-time-budget=3000", "--dump-dom")
    assert "width=%d cards=3" % width in dom, dom[-300:]


def test_for_browsers_only(farm):
    page = ask(farm, headers=BROWSER)
    assert (page.code, page.headers["content-type"]) == (
        200, "text/html; charset=utf-8")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy
    assert ask(farm, headers="Accept: */*\r\n").code == 404
    assert ask(farm, "/metrics", headers=BROWSER).headers[
        "content-type"].startswith("text/plain")
    assert ask(farm, method="HEAD", headers=BROWSER).code == 200


def test_page_before_the_first_probe(start_peer, start_usherd, config_for):
    usherd = start_usherd(config_for(start_peer(endless.silent), **HTTP))
    page = ask(usherd, headers=BROWSER).body
    assert b"no verdict yet" in page and b"none has ended yet" in page
