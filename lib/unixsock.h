#ifndef UNIXSOCK_H
#define UNIXSOCK_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * A unix socket to listen on, made with care: the path's length is checked
 * (libuv would cut it), a socket that somebody answers on is left alone, a
 * stale one is replaced, and anybody may connect: who it is, the peer's
 * credentials tell.
 */

/* What went wrong is said in a sentence. */
enum { UNIXSOCK_ERROR_MAX = 256 };

/*
 * Binds, does not listen yet.  The folder is made (0755) when only it is
 * missing.  Returns the descriptor, or -1.
 */
int unixsock_bind(const char *path, char error[UNIXSOCK_ERROR_MAX]);

/*
 * Connects, blocking.  Where too many wait to be accepted, and when it writes,
 * it waits for room, at most `patience_ms`; 0: for ever.  Returns the
 * descriptor, or -1 with errno set: EAGAIN when there was no room for so long.
 */
int unixsock_connect(const char *path, uint64_t patience_ms);

/* Who is at the other end of a connected socket.  0, or -1. */
struct unixsock_peer {
	uid_t uid;
	gid_t gid;
};
int unixsock_peer(int fd, struct unixsock_peer *peer);

/* 1 when the peer's primary or supplementary groups hold `gid`, else 0. */
int unixsock_peer_in_group(int fd, gid_t gid);

#endif
