"""Loop and threads meet: full handshakes are computed, names looked up, files
read and written, and just then there are reloads, orders, new files, the end.
"""

import contextlib
import os
import select
import ssl
import threading

import pytest

import peer as peers
from usherd import ME
from waiting import wait_until

UP = "up ready 100%"
ROUNDS = 4


def never_resumes(conn):
    """A new context knows no session: each handshake is a full one."""
    conn.peer.context = peers.context(conn.peer.identity)
    peers.running(conn)


def while_it_computes(peer, act):
    """Calls act() when usherd has just been sent what it has to compute on,
    in a costly group; it hears no more of that handshake.
    """
    done = threading.Event()

    def behave(conn):
        peer.behaviour = never_resumes
        ctx = peers.context(peer.identity)
        ctx.set_ecdh_curve("secp521r1")
        conn.sock = ctx.wrap_socket(conn.sock, server_side=True,
                                    do_handshake_on_connect=False)
        select.select([conn.sock], [], [])
        conn.sock.setblocking(False)
        with contextlib.suppress(ssl.SSLWantReadError):
            conn.sock.do_handshake()
        act()
        done.set()
        conn.sock.setblocking(True)
        conn.drain()

    peer.behaviour = behave
    wait_until(done.is_set, "no handshake")


class Farm:
    """Three servers whose names are looked up, and their usherd."""

    def __init__(self, pki, start_peer, start_usherd, config_for):
        self.peers = [start_peer(never_resumes) for _ in range(3)]
        self.config = config_for(*self.peers, ca_file=pki.ca_file,
                                 crl_file=pki.crl_file)
        for n, peer in enumerate(self.peers, 1):
            peer.identity = pki.good
            self.config["server puppet%d" % n]["address"] = (
                "localhost:%d" % peer.port)
        self.usherd = start_usherd(self.config)

    def wait_up(self):
        for n in range(1, 4):
            self.usherd.wait_reply(UP, b"puppet%d\n" % n)

    def configure(self, *without):
        """For a reload without some of the servers."""
        self.usherd.configure({section: options
                               for section, options in self.config.items()
                               if section not in without})


@pytest.fixture
def farm(own_pki, start_peer, start_usherd, config_for):
    farm = Farm(own_pki, start_peer, start_usherd, config_for)
    farm.wait_up()
    return farm


def test_orders_and_new_files(farm, own_pki):
    for _ in range(ROUNDS):
        mark = farm.usherd.mark()
        own_pki.write("new.pem", own_pki.ca_pem())
        os.rename(own_pki.folder / "new.pem", own_pki.ca_file)
        farm.usherd.order("drain", "puppet1")
        farm.usherd.poll(b"puppet1\n")
        farm.usherd.order("reload")
        farm.usherd.order("auto", "puppet1")
        farm.usherd.wait_log(" info trust ", after=mark)
        for peer in farm.peers:
            peer.wait_more(2, "full")
    farm.wait_up()


def test_a_server_leaves_while_it_computes(farm):
    for _ in range(ROUNDS):
        mark = farm.usherd.mark()
        farm.configure("server puppet3")
        while_it_computes(farm.peers[2], farm.usherd.sighup)
        farm.usherd.wait_log(" info reload .*done", after=mark)
        farm.peers[0].wait_more(2, "full")
        farm.configure()
        farm.usherd.order("reload")
        farm.wait_up()


def test_end_while_it_computes(farm):
    for _ in range(ROUNDS):
        farm.usherd.order("drain", "puppet1")
        while_it_computes(farm.peers[0], farm.usherd.process.terminate)
        assert farm.usherd.finish() == 0, farm.usherd.log()
        farm.usherd.start()
        farm.usherd.wait_reply("up drain 100% # drain by " + ME, b"puppet1\n")
        farm.usherd.order("auto", "puppet1")
        farm.wait_up()
