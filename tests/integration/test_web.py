"""http-listen: the check of old, /status, and requests that are none."""

import contextlib
import json
import select
import socket
import threading

import pytest

import endless
import peer as peers
from ports import HOST
from usherd import check, ini, read_all
from waiting import wait_until
from web import BROWSER, FAILED, RUNNING, ask, parse, say

HTTP = {"usher_http_listen": HOST + ":0"}


@pytest.fixture
def web(peer, start_usherd, config_for):
    """One server, in service."""
    usherd = start_usherd(config_for(peer, **HTTP))
    usherd.wait_fact("verdict", **{"is": "up"})
    return usherd


@pytest.fixture
def pair(start_peer, start_usherd, config_for):
    """puppet1 in service, puppet2 refuses."""
    one, two = start_peer(), start_peer()
    two.refuse()
    usherd = start_usherd(config_for(one, two, **HTTP))
    usherd.wait_fact("verdict", server="puppet1", **{"is": "up"})
    usherd.wait_fact("verdict", server="puppet2", **{"is": "fail"})
    return usherd


def said(answer):
    return answer.code, answer.body


# --- the check of old -------------------------------------------------------

@pytest.mark.parametrize("version", ["1.0", "1.1"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_in_service(web, method, version):
    answer = ask(web, method=method, version=version)
    assert answer.code == 200
    assert answer.headers["content-length"] == str(len(RUNNING))
    assert answer.body in (RUNNING, b"") and (method == "HEAD") != bool(
        answer.body)


@pytest.mark.parametrize("path", ["/", "/drainable", "/server/puppet1",
                                  "/server/puppet1/drainable", "/?a=b",
                                  "/server/%70uppet1"])
def test_paths(web, path):
    assert said(ask(web, path)) == (200, RUNNING)


def test_dead_server(peer, web):
    peer.refuse()
    web.wait_fact("verdict", **{"is": "fail"})
    for path in ("/", "/drainable", "/server/puppet1"):
        assert said(ask(web, path)) == (503, FAILED)
    # A drain does not make a dead server one that may end its work.
    web.order("drain")
    assert ask(web, "/drainable").code == 503


@pytest.mark.parametrize("order, code, drainable", [
    (["drain"], 503, 404),
    (["hold"], 503, 404),
    (["weight", "0%", "--force"], 503, 404),
    (["maint"], 503, 503),
    (["down"], 503, 503),
    (["up", "--for", "1h"], 200, 200),
    (["weight", "1%"], 200, 200),
], ids=lambda v: v[0] if isinstance(v, list) else "")
def test_orders(web, order, code, drainable):
    web.order(*order)
    assert ask(web).code == code
    assert ask(web, "/drainable").code == drainable
    web.order("auto", *(["--hold"] if order == ["hold"] else []))
    assert ask(web).code == 200


def test_up_overrides_a_dead_server(peer, web):
    peer.refuse()
    web.wait_fact("verdict", **{"is": "fail"})
    web.order("up", "--for", "1h")
    assert said(ask(web)) == (200, RUNNING)


def test_server_that_says_it_stops(peer, web):
    peer.behaviour = peers.stopping
    web.wait_fact("verdict", **{"is": "stopping"})
    assert (ask(web).code, ask(web, "/drainable").code) == (503, 404)


def test_several_servers(pair):
    assert said(ask(pair, "/server/puppet1")) == (200, RUNNING)
    assert said(ask(pair, "/server/puppet2")) == (503, FAILED)
    for path, code in (("/", 404), ("/drainable", 503)):
        answer = ask(pair, path)
        assert answer.code == code and b"/server/NAME" in answer.body
    assert ask(pair, "/server/puppet3/drainable").code == 503
    for path in ("/server/", "/server/puppet3", "/server/puppet1/",
                 "/server/puppet1/x", "/server/" + "x" * 500, "/nosuch",
                 "/status/", "//"):
        assert ask(pair, path).code == 404, path


# --- before the first verdict -----------------------------------------------

def test_waits_for_the_first_verdict(start_peer, start_usherd, config_for):
    asked, go = threading.Event(), threading.Event()

    def late(conn):
        conn.tls()
        conn.request()
        asked.set()
        go.wait(60)
        conn.send(peers.until_close("200 OK", b"running"))
        conn.close()

    peer = start_peer(late)
    usherd = start_usherd(config_for(peer, **HTTP))
    port = usherd.ports("http")[0]
    assert asked.wait(60)
    with usherd.connect(port) as get, usherd.connect(port) as head:
        get.sendall(b"GET / HTTP/1.0\r\n\r\n")
        head.sendall(b"HEAD /server/puppet1 HTTP/1.0\r\n\r\n")
        go.set()
        assert said(parse(read_all(get))) == (200, RUNNING)
        assert said(parse(read_all(head))) == (200, b"")


def test_no_verdict_is_no_service(start_peer, start_usherd, config_for):
    usherd = start_usherd(config_for(start_peer(endless.silent), **HTTP))
    assert said(ask(usherd)) == (503, FAILED)
    # The page, and whoever has an order that decides, need not wait.
    assert ask(usherd, headers=BROWSER).code == 200
    usherd.order("up", "--for", "1h")
    assert said(ask(usherd)) == (200, RUNNING)
    usherd.order("drain")
    assert (ask(usherd).code, ask(usherd, "/drainable").code) == (503, 404)


def test_newcomers_put_nobody_off(start_peer, start_usherd, config_for):
    """One every 20 ms, for ten seconds at most: the first gets its answer."""
    usherd = start_usherd(config_for(start_peer(endless.silent), **HTTP))
    port = usherd.ports("http")[0]
    with contextlib.ExitStack() as stack:
        first = stack.enter_context(usherd.connect(port))
        first.sendall(b"GET / HTTP/1.0\r\n\r\n")
        for _ in range(500):
            if select.select([first], [], [], 0.02)[0]:
                break
            further = stack.enter_context(usherd.connect(port))
            further.sendall(b"GET / HTTP/1.0\r\n\r\n")
        else:
            raise AssertionError("no answer")
        assert said(parse(read_all(first))) == (503, FAILED)


def test_who_waits_may_leave(start_peer, start_usherd, config_for):
    usherd = start_usherd(config_for(start_peer(endless.silent), **HTTP))
    port = usherd.ports("http")[0]
    before = usherd.fds()
    for _ in range(20):
        with usherd.connect(port) as sock:
            sock.sendall(b"GET / HTTP/1.0\r\n\r\n")
    wait_until(lambda: usherd.fds() <= before + 1, "connections are closed")
    with usherd.connect(port) as sock:
        sock.sendall(b"GET / HTTP/1.0\r\n\r\n")
        usherd.end()


# --- /status ----------------------------------------------------------------

def timeless(text):
    """Without what passes between two looks."""
    status = json.loads(text)
    del status["time"]
    for server in status["servers"]:
        del server["verdict_age_ms"]
    return json.dumps(status)


def test_status_is_usherctls(pair):
    pair.order("drain", "puppet2", "-m", 'a "reason" <b>')
    answer = ask(pair, "/status")
    assert (answer.code, answer.headers["content-type"]) == (
        200, "application/json")
    assert timeless(answer.body) == timeless(pair.order("status", "-j"))


# --- requests that are none -------------------------------------------------

@pytest.mark.parametrize("request_, code", [
    (b"POST / HTTP/1.1\r\nContent-Length: 1\r\n\r\nx", 405),
    (b"DELETE /status HTTP/1.1\r\n\r\n", 405),
    (b"CONNECT puppet:8140 HTTP/1.1\r\n\r\n", 405),
    (b"GET / HTTP/1.1\r\nContent-Length: 1\r\n\r\nx", 413),
    (b"GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 413),
    (b"GET /" + b"x" * 2000 + b" HTTP/1.1\r\n\r\n", 414),
    (b"GET /" + b"x" * 100000, 414),
    (b"GET / HTTP/1.1\r\nX: " + b"x" * 100000, 431),
    (b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 101 + b"\r\n", 431),
    (b"GET / HTTP/2.0\r\n\r\n", 505),
    (b"GET /../../etc/passwd HTTP/1.1\r\n\r\n", 404),
    (b"GET /%2e%2e%2f HTTP/1.1\r\n\r\n", 404),
    (b"GET /%00 HTTP/1.1\r\n\r\n", 400),
    (b"GET / HTTP/1.1\n\n", 400),
    (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
    (b"puppet1\n", 400),
    (b"\0" * 600, 400),
    (b"\xff" * 10000, 400),
], ids=lambda v: repr(v)[:24])
def test_hostile(web, request_, code):
    """An answer and a close; the next is served as ever."""
    answer = parse(say(web, request_))
    assert answer.code == code
    assert int(answer.headers["content-length"]) == len(answer.body)
    assert ("allow" in answer.headers) == (code == 405)
    assert said(ask(web)) == (200, RUNNING)


def test_pieces(web):
    with web.connect(web.ports("http")[0]) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in b"GET / HTTP/1.1\r\nHost: x\r\n\r\n":
            sock.send(bytes([byte]))
        assert said(parse(read_all(sock))) == (200, RUNNING)


def test_only_the_first_request_is_answered(web):
    data = say(web, b"GET / HTTP/1.1\r\n\r\n" * 3)
    assert data.count(b"HTTP/1.1 ") == 1


def test_who_says_nothing(web):
    """Those who only look whether the port is open get nothing."""
    with web.connect(web.ports("http")[0]) as sock:
        sock.shutdown(socket.SHUT_WR)
        assert read_all(sock) == b""


def test_who_never_ends(web):
    with web.connect(web.ports("http")[0]) as sock:
        sock.sendall(b"GET / HTTP/1.1\r\nX: ")
        assert parse(read_all(sock)).code == 408


def test_endless_request_is_cut(web):
    with web.connect(web.ports("http")[0]) as sock:
        with pytest.raises(OSError):
            for _ in range(1 << 10):
                sock.sendall(b"x" * (1 << 16))
    assert said(ask(web)) == (200, RUNNING)


def test_many_at_once(web):
    port = web.ports("http")[0]
    socks = [web.connect(port) for _ in range(200)]
    for sock in socks:
        sock.sendall(b"GET / HTTP/1.1\r\n\r\n")
    for sock in socks:
        with sock:
            assert said(parse(read_all(sock))) == (200, RUNNING)


def test_allow(peer, start_usherd, config_for):
    """Nothing is said to others; a line for each address."""
    usherd = start_usherd(config_for(peer, usher_allow="127.0.0.1", **HTTP))
    usherd.wait_fact("verdict", **{"is": "up"})
    for source in ("127.0.0.7", "127.0.0.7", "127.0.0.8"):
        assert say(usherd, b"GET / HTTP/1.1\r\n\r\n", source=source) == b""
    assert said(ask(usherd)) == (200, RUNNING)
    usherd.stop()
    assert [f.get("client") for f in usherd.facts("refused")] == [
        "127.0.0.7", "127.0.0.8"]


# --- configuration ----------------------------------------------------------

def reload(usherd, config, how):
    mark = usherd.mark()
    usherd.configure(config)
    usherd.sighup()
    usherd.wait_log("reload text=.%s" % how, after=mark)


def test_no_port_without_the_option(usherd):
    assert not [f for f in usherd.facts("listening") if f.get("http")]


def test_reload(peer, port, start_usherd, config_for):
    """It comes, stays, and goes."""
    usherd = start_usherd(config_for(peer))
    usherd.wait_fact("verdict", **{"is": "up"})
    with_it = {"usher_http_listen": "%s:%d" % (HOST, port.number)}
    reload(usherd, config_for(peer, **with_it), "done")
    assert said(ask(usherd)) == (200, RUNNING)
    reload(usherd, config_for(peer, rise=2, **with_it), "done")
    assert said(ask(usherd)) == (200, RUNNING)
    assert len(usherd.ports("http")) == 1
    reload(usherd, config_for(peer), "done")
    with pytest.raises(ConnectionRefusedError):
        usherd.connect(port.number)


def test_reload_of_who_is_waited_for(start_peer, start_usherd, config_for):
    peer = start_peer(endless.silent)
    usherd = start_usherd(config_for(peer, **HTTP))
    with usherd.connect(usherd.ports("http")[0]) as sock:
        sock.sendall(b"GET / HTTP/1.0\r\n\r\n")
        reload(usherd, config_for(peer), "done")
        assert read_all(sock) == b""


def test_reload_with_a_port_that_is_taken(peer, port, web, config_for):
    with port.listener():
        reload(web, config_for(peer, usher_http_listen="%s:%d" % (
            HOST, port.number)), "not done")
    assert web.facts("listen", http="%s:%d" % (HOST, port.number))
    assert said(ask(web)) == (200, RUNNING)


def test_port_given_twice(tmp_path):
    path = tmp_path / "usher.conf"
    path.write_text(ini({"usher": {"http-listen": "*:8141"},
                         "server a": {}}))
    code, err = check(path)
    assert code == 1 and "http-listen = *:8141 is given twice" in err, err


def test_every_address(peer, start_usherd, config_for):
    usherd = start_usherd(config_for(peer, usher_http_listen="*:0"))
    usherd.wait_fact("verdict", **{"is": "up"})
    for host in (HOST, "::1"):
        with socket.create_connection((host, usherd.ports("http")[0]),
                                      60) as sock:
            sock.sendall(b"GET / HTTP/1.1\r\n\r\n")
            assert said(parse(read_all(sock))) == (200, RUNNING)
