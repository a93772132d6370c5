#ifndef STATEFILE_H
#define STATEFILE_H

#include <stddef.h>

#include "order.h"
#include "poller.h"

/*
 * The state file's text: JSON.  Pure.
 *
 *	{ "version": 1, "servers": { NAME: { "state": ORDER, "ceiling": ORDER,
 *	    "hold": ORDER, "ended": S, "pollers": [ POLLER ] } } }
 *	ORDER: { "kind", "who", "why", "since", "until", "percent", "left" };
 *	    a canary also { "steps": [PERCENT], "step": INDEX, "every": S }
 *	POLLER: { "address", "last", "interval", "longest", "told", "taken",
 *	    "sure" }
 *
 * Moments are seconds since 1970, spans ms.
 */
struct statefile_server {
	const char *name;
	const struct orders *orders;
	const struct pollers *pollers;
};

/* Volatile orders are left out.  The caller frees it; NULL without memory. */
char *statefile_encode(const struct statefile_server *servers, size_t n);

/* All of it is valid during the call. */
typedef void (*statefile_cb)(void *arg, const struct statefile_server *s);

enum { STATEFILE_ERROR_MAX = 256, STATEFILE_MAX = 64 << 20 };

/*
 * Calls cb for each server, or for none: 0, or UV_EINVAL with what is wrong.
 * Without memory, which is UV_EINVAL too, errno is ENOMEM and some may have
 * been called for.
 */
int statefile_decode(const char *text, size_t len, statefile_cb cb, void *arg,
	char error[STATEFILE_ERROR_MAX]);

#endif
