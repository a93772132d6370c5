"""/metrics, as Prometheus would read it; promtool finds it good each time."""

import datetime
import time

import pytest
from cryptography import x509

import peer as peers
from ports import HOST
from waiting import wait_until
from web import ask, samples

HTTP = {"usher_http_listen": HOST + ":0"}


@pytest.fixture
def pair(pki, start_peer, start_usherd, config_for):
    """puppet1 in service, whose sessions are resumed; puppet2 refuses."""
    one, two = start_peer(ctx=peers.session_ids_only(pki.good)), start_peer()
    two.refuse()
    usherd = start_usherd(config_for(one, two, **HTTP))
    usherd.wait_fact("verdict", server="puppet1", **{"is": "up"})
    usherd.wait_fact("verdict", server="puppet2", **{"is": "fail"})
    return usherd


def wait_sample(usherd, key, predicate):
    last = [None]

    def holds():
        last[0] = samples(usherd).get(key)
        return last[0] is not None and predicate(last[0])

    wait_until(holds, lambda: "%s is %s" % (key, last[0]), every=0.1)


def test_verdicts_and_weights(pair):
    found = samples(pair)
    for name, verdict in (("puppet1", "up"), ("puppet2", "fail")):
        of = 'usher_server_%%s{server="%s"%%s}' % name
        states = {v: found[of % ("verdict", ',verdict="%s"' % v)]
                  for v in ("none", "up", "busy", "down", "fail", "stopping")}
        assert states == {v: v == verdict for v in states}
        assert found[of % ("in_service", "")] == (verdict == "up")
        told = {t: found[of % ("told", ',told="%s"' % t)]
                for t in ("none", "in", "out", "drain", "maint")}
        assert told == {
            t: t == ("in" if verdict == "up" else "out") for t in told}
        assert found[of % ("weight_percent", "")] == 100
        for limit in ("order", "load", "ramp", "built"):
            assert found[of % ("weight_limit_percent",
                               ',limit="%s"' % limit)] == 100


def test_orders(pair):
    pair.order("drain", "puppet1", "--for", "1h", "--force")
    pair.order("weight", "7%", "puppet1")
    found = samples(pair)
    drain = '{server="puppet1",slot="state",order="drain"}'
    weight = '{server="puppet1",slot="weight",order="weight"}'
    assert found["usher_server_order" + drain] == 1
    assert found["usher_server_order" + weight] == 1
    assert 0 <= found["usher_server_order_age_seconds" + drain] < 60
    assert 3540 < found["usher_server_order_left_seconds" + drain] <= 3600
    assert "usher_server_order_left_seconds" + weight not in found
    assert found['usher_server_weight_percent{server="puppet1"}'] == 7
    assert found['usher_server_in_service{server="puppet1"}'] == 0
    assert not [k for k in found
                if k.startswith('usher_server_order{server="puppet2"')]


def test_probes(pair):
    one, two = '{server="puppet1"', '{server="puppet2"'
    wait_sample(pair, "usher_tls_handshakes_total%s,kind=\"resumed\"}" % one,
                lambda n: n >= 2)
    found = samples(pair)
    assert found["usher_tls_handshakes_total%s,kind=\"full\"}" % one] == 1
    assert found["usher_probes_total%s,result=\"ok\"}" % one] >= 3
    assert found["usher_probes_total%s,result=\"refused\"}" % two] >= 1
    assert found["usher_probes_total%s,result=\"ok\"}" % two] == 0
    for step in ("connect", "tls", "answer", "total"):
        count = "usher_probe_duration_seconds_count%%s,step=\"%s\"}" % step
        assert found[count % one] == found[
            "usher_probes_total%s,result=\"ok\"}" % one]
        assert (found[count % two] > 0) == (step == "total")
    assert found["usher_probe_age_seconds%s}" % one] < 60


def test_jrubies(pair):
    """Probes ask for the figures while somebody looks at them."""
    one = '{server="puppet1"}'
    wait_sample(pair, "usher_jruby_instances" + one, lambda n: n > 0)
    found = samples(pair)
    assert (found["usher_jruby_free" + one] + found["usher_jruby_borrowed"
                                                    + one]
            == found["usher_jruby_instances" + one])
    assert found["usher_jruby_waiting" + one] == 0
    assert 'usher_jruby_instances{server="puppet2"}' not in found


def test_polls(pair):
    for _ in range(3):
        pair.poll(b"puppet1\n", source="127.0.0.2")
    pair.poll(b"puppet2\n", source="127.0.0.3")
    pair.order("drain", "puppet1", "--force")
    pair.poll(b"puppet1\n", source="127.0.0.2")
    found = samples(pair)
    two = 'server="puppet1",poller="127.0.0.2"'
    assert found['usher_polls_total{%s,told="in"}' % two] == 3
    assert found['usher_polls_total{%s,told="drain"}' % two] == 1
    assert found['usher_polls_total{server="puppet2",poller="127.0.0.3",'
                 'told="out"}'] == 1
    assert found["usher_last_poll_age_seconds{%s}" % two] < 60
    assert found["usher_ready_owed{%s}" % two] == 0
    pair.order("auto", "puppet1")
    assert samples(pair)["usher_ready_owed{%s}" % two] == 1
    assert found["usher_polls_refused_total"] == 0


def test_checks_over_http(pair):
    """Those of old, which no agent has to do with."""
    checks = 'usher_http_checks_total{server="puppet%d"}'
    age = 'usher_last_http_check_age_seconds{server="puppet%d"}'
    before = samples(pair)
    assert before[checks % 1] == 0 and age % 1 not in before
    for path in ("/server/puppet1", "/server/puppet1/drainable", "/status"):
        ask(pair, path)
    after = samples(pair)
    assert (after[checks % 1], after[checks % 2]) == (2, 0)
    assert after[age % 1] < 60 and age % 2 not in after


def end_of(path):
    """When a certificate ends."""
    cert = x509.load_pem_x509_certificate(open(path, "rb").read())
    return cert.not_valid_after.replace(
        tzinfo=datetime.timezone.utc).timestamp()


def test_dates(pair, pki):
    found = samples(pair)
    crl = x509.load_pem_x509_crl(open(pki.crl_file, "rb").read())
    assert found["usher_server_certificate_not_after_timestamp_seconds"
                 '{server="puppet1"}'] == end_of(pki.good.cert)
    assert found['usher_ca_not_after_timestamp_seconds{file="%s"}'
                 % pki.ca_file] == end_of(pki.ca_file)
    assert found['usher_crl_next_update_timestamp_seconds{file="%s"}'
                 % pki.crl_file] == crl.next_update.replace(
                     tzinfo=datetime.timezone.utc).timestamp()


def test_the_process(pair):
    found = samples(pair)
    assert found["usher_state_file_good"] == 1
    assert [k for k in found if k.startswith("usher_build_info{version=")]
    assert found["process_resident_memory_bytes"] > 1 << 20
    assert 5 < found["process_open_fds"] <= found["process_max_fds"]
    assert found["usher_open_handles"] > 5
    start = found["process_start_time_seconds"]
    assert 0 < time.time() - start < 600
    assert samples(pair)["process_start_time_seconds"] == start
