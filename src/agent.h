#ifndef AGENT_H
#define AGENT_H

#include <stddef.h>
#include <stdint.h>

#include <uv.h>

#include "addr.h"
#include "seen.h"

/*
 * One agent-check port: HAProxy connects, perhaps names a server
 * (`agent-send`), and is told that server's line.
 *
 * Without agent-send HAProxy sends no byte and never half-closes, so a port
 * that needs no name answers on accept (HAProxy's manual, "agent-check").
 */
struct agent;

enum {
	AGENT_NAME_MAX = 255,
	AGENT_PATIENCE_MS =
		200, /* for a name; HAProxy's poll times out later */
};

/* What all ports of a process count and remember; all zero at first. */
struct agent_record {
	uint64_t answered;
	uint64_t refused; /* not in `allow` */
	struct seen refused_from, unknown_names;
};

/*
 * The line for a poller, or NULL.  `owner` is the only server that the port
 * speaks for, "" where it is shared.  `name` is NULL before anything has been
 * read: NULL then means that a name is needed here, and with a name that there
 * is no such server.
 */
typedef const char *(*agent_line_cb)(
	void *arg, const char *owner, const char *name, size_t *len);

/* What has been said once may be said again; the counts go on. */
void agent_forget(struct agent_record *r);

struct agent_options {
	const char *address; /* ADDRESS:PORT, * for IPv4 and IPv6; copied */
	struct agent_record *record; /* borrowed until agent_close() */
	agent_line_cb line;
	void *arg;
};

/*
 * Nobody is let in before agent_configure().  0, or a UV_E* code with *out
 * untouched.
 */
int agent_open(
	struct agent **out, uv_loop_t *loop, const struct agent_options *o);
void agent_close(struct agent *a);

/*
 * Whom the port speaks for (copied), and who may poll (borrowed until the next
 * call).
 */
void agent_configure(struct agent *a, const char *owner,
	const struct addr_net *nets, size_t n_nets);

/* 1 when it was opened with this address, else 0. */
int agent_is(const struct agent *a, const char *address);

/* "127.0.0.1:8141", with the real port. */
void agent_address(const struct agent *a, char dst[ADDR_TEXT_MAX]);

#endif
