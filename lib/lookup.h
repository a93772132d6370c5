#ifndef LOOKUP_H
#define LOOKUP_H

#include <netdb.h>

#include <uv.h>

/*
 * A host name is looked up in a thread of its own, which ends with it.  libuv's
 * pool has four threads: names that hang would keep files from being written,
 * and each other waiting.
 *
 * It has LOOKUP_STACK: with the usual 8 MB, which are reserved if not used, a
 * few hundred that hang would be gigabytes to a system that counts those.
 */
enum { LOOKUP_STACK = 512 * 1024 };

/*
 * 0 with addresses, which are the callback's to freeaddrinfo(), or a UV_E* code
 * with NULL.
 */
typedef void (*lookup_cb)(void *arg, int status, struct addrinfo *found);

struct lookup;

/*
 * Addresses for a stream to `host` at `port`, a number.  0, or a UV_E* code and
 * no callback.  Nothing can take it back.  Where no thread can be started, the
 * callback says so.
 */
int lookup_start(struct lookup **out, uv_loop_t *loop, const char *host,
	const char *port, lookup_cb cb, void *arg);

/* Nobody waits for it any more: the loop may end before the callback comes. */
void lookup_leave(struct lookup *l);

#endif
