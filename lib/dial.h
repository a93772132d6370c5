#ifndef DIAL_H
#define DIAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <uv.h>

#include "resolve.h"

/*
 * A TCP connection to the first of some addresses that takes it.  They are
 * tried in their order, each for an equal share of the time that is left.
 */
struct dial;

/*
 * 0: connected, dial_stream() may be used.  Else the most telling UV_E* code of
 * all attempts: that one is refused tells more than that one has no route.  At
 * most once, never from inside dial_start() or dial_close().
 */
typedef void (*dial_cb)(struct dial *d, int status);
typedef void (*dial_closed_cb)(struct dial *d);

/* Embedded in its owner, who must not move it.  All fields are private. */
struct dial {
	uv_tcp_t tcp;
	uv_timer_t patience; /* with this attempt */
	uv_connect_t connect;
	uv_loop_t *loop;
	const struct resolve_addrs *addrs;
	size_t attempt; /* index into addrs */
	uint64_t until_ms;
	unsigned open; /* handles libuv has not closed yet */
	bool trying;   /* tcp is open and not connected */
	bool dead;     /* tcp is closed, or being closed */
	bool closing;
	int error;      /* the most telling one so far */
	size_t telling; /* index of its address */
	dial_cb cb;
	dial_closed_cb closed_cb;
	void *data; /* the owner's */
};

/*
 * `addrs` has at least one and is borrowed until dial_close().  All attempts
 * together get `timeout_ms`; the owner's own deadline ends the last of them.
 */
void dial_start(struct dial *d, uv_loop_t *loop,
	const struct resolve_addrs *addrs, uint64_t timeout_ms, dial_cb cb,
	void *data);

/* Once, at any time after dial_start(); `cb` comes when libuv has let go. */
void dial_close(struct dial *d, dial_closed_cb cb);

/* Once connected; its `data` is the dial. */
uv_stream_t *dial_stream(struct dial *d);

/* The address that is connected, or that the error is about. */
const struct sockaddr *dial_peer(const struct dial *d);

#endif
