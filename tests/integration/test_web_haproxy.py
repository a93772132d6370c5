"""HAProxy's old lines, word for word, against http-listen."""

import pytest

from haproxy import HAProxy, version
from ports import HOST

CONFIG = """\
global
    stats socket {folder}/stats mode 600 level admin
defaults
    mode tcp
    timeout connect 5s
    timeout client  10s
    timeout server  10s
backend puppet
    balance roundrobin
    LINES
    server puppet1 ADDRESS check port PORT inter 100ms
"""

LINES = [
    "option httpchk",
    "option httpchk GET /",
    "option httpchk HEAD / HTTP/1.0",
    "option httpchk GET / HTTP/1.1",
    "option httpchk GET /server/puppet1",
    "option httpchk GET /\n    http-check expect status 200",
    "option httpchk GET /\n    "
    r"http-check expect string Puppetmaster\ is\ running.",
    "option httpchk\n    "
    "http-check send meth GET uri / ver HTTP/1.1 hdr Host x",
]
# HAProxy 3.0 refuses these itself, and names http-check send.
if version() < (3, 0):
    LINES += [r"option httpchk HEAD / HTTP/1.1\r\nHost:\ x",
              r"option httpchk OPTIONS * HTTP/1.1\r\nHost:\ www"]


@pytest.fixture
def site(peer, start_usherd, config_for, cleanup):
    """An usherd, and an HAProxy that checks it as these lines say."""
    usherd = start_usherd(config_for(peer, usher_http_listen=HOST + ":0"))
    usherd.wait_fact("verdict", **{"is": "up"})

    def start(lines):
        config = CONFIG.replace("LINES", lines)
        config = config.replace("ADDRESS", peer.address)
        config = config.replace("PORT", str(usherd.ports("http")[0]))
        haproxy = HAProxy(config)
        cleanup.callback(haproxy.stop)
        return usherd, haproxy
    return start


@pytest.mark.parametrize("lines", LINES)
def test_old_lines(site, lines):
    usherd, haproxy = site(lines)
    haproxy.wait_is("puppet1", status="UP", check="L7OK")
    usherd.order("down")
    haproxy.wait_is("puppet1", status="DOWN")
    haproxy.wait("puppet1", lambda s: s["check"] in ("L7STS", "L7RSP"))
    usherd.order("auto")
    haproxy.wait_is("puppet1", status="UP", check="L7OK")


def test_the_server_dies(peer, site):
    _, haproxy = site("option httpchk")
    haproxy.wait_is("puppet1", status="UP")
    peer.refuse()
    haproxy.wait_is("puppet1", status="DOWN", check="L7STS")
    peer.listen()
    haproxy.wait_is("puppet1", status="UP", check="L7OK")


def test_disable_on_404(site):
    """A drain: no new work, and what there is may end."""
    usherd, haproxy = site("option httpchk GET /drainable\n"
                           "    http-check disable-on-404")
    haproxy.wait_is("puppet1", status="UP", check="L7OK")
    usherd.order("drain")
    haproxy.wait_is("puppet1", status="NOLB", check="L7OKC")
    usherd.order("auto")
    haproxy.wait_is("puppet1", status="UP", check="L7OK")


def test_what_is_asked_wrongly_is_not_drained(peer, site, config_for):
    """A second server, so that /drainable is of nobody: not "works on"."""
    usherd, haproxy = site("option httpchk GET /drainable\n"
                           "    http-check disable-on-404")
    haproxy.wait_is("puppet1", status="UP", check="L7OK")
    usherd.configure(config_for(peer, peer, usher_http_listen=HOST + ":0"))
    usherd.order("reload")
    haproxy.wait_is("puppet1", status="DOWN", check="L7STS")
