"""Faults that hide in sequences: a step while another is under way."""

import os
import subprocess

import endless
import peer as peers
from waiting import wait_until

CONFIGURED = r" info reload .*done"


def named(config, peer):
    config["server puppet1"]["address"] = "puppet.invalid:%d" % peer.port
    return config


def reload(usherd, config):
    mark = usherd.mark()
    usherd.configure(config)
    usherd.sighup()
    usherd.wait_log(CONFIGURED, after=mark)


def start_silent(peer, names, start_usherd, config_for, **options):
    """A host name, and a server that is silent from the first probe on."""
    names.set("127.0.0.1 puppet.invalid\n")
    peer.behaviour = endless.silent
    config = named(config_for(peer, timeout="300ms", fall=3, **options), peer)
    return start_usherd(config, wrap=names.wrap)


def test_end_after_a_silent_first_probe_by_name(peer, names, start_usherd,
                                                config_for):
    usherd = start_silent(peer, names, start_usherd, config_for,
                          interval="1h")
    usherd.wait_reply("fail ready 100% # connected, but no answer in time")
    usherd.stop()
    ends = usherd.facts("probe", word="busy")
    assert len(ends) == 1, usherd.log()
    # One after the other: none was counted twice.
    assert peer.counts["connections"] == 3


def test_reload_after_a_silent_first_probe_by_name(
        peer, names, start_usherd, config_for):
    usherd = start_silent(peer, names, start_usherd, config_for)
    peer.wait_more(2)
    reload(usherd, config_for(peer))
    peer.behaviour = peers.running
    usherd.wait_reply("up ready 100%")


def test_other_files_while_a_name_is_looked_up(peer, names, start_usherd,
                                               config_for, tmp_path):
    """The name is found when the new CA file is not there yet."""
    config = named(config_for(peer, timeout="200ms"), peer)
    usherd = start_usherd(config, wrap=names.wrap)
    usherd.wait_fact("probe", word="dns")
    later = config_for(peer, ca_file=str(tmp_path / "later.pem"))
    reload(usherd, named(later, peer))
    names.set("127.0.0.1 puppet.invalid\n")
    usherd.wait_log(r"later\.pem")
    reload(usherd, named(config_for(peer), peer))
    usherd.wait_reply("up ready 100%")


def test_port_goes_over_to_a_server_of_another_name(
        start_peer, port, start_usherd, config_for):
    one, two = start_peer(), start_peer()
    config = config_for(one, two)
    config["server puppet1"]["agent-listen"] = "127.0.0.1:%d" % port.number
    usherd = start_usherd(config)
    usherd.agent_ports(2)
    two.behaviour = peers.stopping
    wait_until(lambda: usherd.poll(port=port.number) == b"up ready 100%\n",
               usherd.log)
    del config["server puppet1"]["agent-listen"]
    config["server puppet2"]["agent-listen"] = "127.0.0.1:%d" % port.number
    reload(usherd, config)
    wait_until(lambda: usherd.poll(port=port.number) ==
               b"up drain 100% # stopping\n", usherd.log)


def test_shorter_interval_counts_at_once(peer, start_usherd, config_for):
    usherd = start_usherd(config_for(peer, interval="1h"))
    usherd.wait_reply("up ready 100%")
    reload(usherd, config_for(peer))
    peer.wait_more(3)
    assert usherd.reply() == "up ready 100%"


def test_refusal_tells_more_than_no_route(peer, names, start_usherd,
                                          config_for, port):
    """The last address has no route; that the first refused is what counts."""
    names.set("127.0.0.1 puppet.invalid\n255.255.255.255 puppet.invalid\n")
    config = config_for(peer)
    config["server puppet1"]["address"] = "puppet.invalid:%d" % port.number
    usherd = start_usherd(config, wrap=names.wrap)
    usherd.wait_reply("fail ready 100% # connection refused")


def test_fast_interval_while_changing(peer, start_usherd, config_for):
    """With the plain interval, `fall` probes would take three hours."""
    usherd = start_usherd(config_for(peer, interval="1h", fast_interval="50ms",
                                     fall=3))
    usherd.wait_reply("up ready 100%")
    peer.behaviour = peers.reset_at_accept
    usherd.order("probe")
    usherd.wait_reply("fail ready 100% # connection closed by server")


# A name server that never answers, without asking one.
HANGS = """\
#include <netdb.h>
#include <unistd.h>
int getaddrinfo(const char *n, const char *s, const struct addrinfo *h,
                struct addrinfo **r)
{
    (void)n, (void)s, (void)h, (void)r;
    write(2, "looking up\\n", 11);
    for (;;)
        pause();
}
"""


def test_sigterm_while_a_look_up_hangs(peer, start_usherd, config_for,
                                       tmp_path):
    """It ends at once, and says nothing to HAProxy before."""
    source, library = tmp_path / "hangs.c", tmp_path / "hangs.so"
    source.write_text(HANGS)
    subprocess.run([os.environ.get("CC", "cc"), "-shared", "-fPIC", "-o",
                    library, source], check=True)
    usherd = start_usherd(
        named(config_for(peer, timeout="100ms"), peer),
        wrap=["env", "LD_PRELOAD=%s" % library,
              "ASAN_OPTIONS=verify_asan_link_order=0"])
    usherd.wait_log("looking up")
    assert usherd.reply() == "# no verdict yet"
    usherd.end()
    assert not usherd.facts("probe"), usherd.log()
