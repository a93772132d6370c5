#ifndef PROBING_H
#define PROBING_H

#include <uv.h>

#include "command.h"
#include "fleet.h"

/*
 * One probe at somebody's wish: begins it, and tells when it has ended.
 */
struct probing;

/* Once; `error` is "" when it has ended. */
typedef void (*probing_cb)(void *arg, const char *error);

/* `server` must be one of the fleet's.  0, or UV_ENOMEM. */
int probing_start(struct probing **out, struct fleet *fleet,
	struct server *server, probing_cb cb, void *arg);

/* No callback after this. */
void probing_close(struct probing *p);

#endif
