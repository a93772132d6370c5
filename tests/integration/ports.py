"""Ports on 127.0.0.1 that stay ours while nobody listens on them."""

import socket

HOST = "127.0.0.1"


class ReservedPort:
    """Holds a port with a socket that is bound but doesn't listen.

    Who connects is refused.  A program that sets SO_REUSEADDR before bind(),
    as HAProxy, libuv and listener() below do, may listen on it meanwhile;
    nobody is given it by chance.
    """

    def __init__(self):
        self.holder = socket.socket()
        self.holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.holder.bind((HOST, 0))
        self.number = self.holder.getsockname()[1]

    def listener(self):
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((HOST, self.number))
        sock.listen(64)
        return sock

    def close(self):
        self.holder.close()
