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
	/* One more than a server's name has: what is cut is no server's. */
	AGENT_NAME_MAX = 256,
	AGENT_PATIENCE_MS =
		200, /* for a name; HAProxy's poll times out later */
};

/* What all ports of a process count and remember; all zero at first. */
struct agent_record {
	uint64_t answered;
	uint64_t refused; /* not in `allow` */
	char refused_last[ADDR_TEXT_MAX];
	struct seen refused_from, unknown_names;
};

/* Somebody asks. */
struct agent_poll {
	const struct sockaddr *peer;
	const char *owner; /* the port's only server, "" where it is shared */
	const char *name;  /* NULL before anything has been read */
};

/*
 * The line for a poller, which it is then told; or NULL: without a name, that
 * one is needed here, and with one, that there is no such server.
 */
typedef const char *(*agent_line_cb)(
	void *arg, const struct agent_poll *poll, size_t *len);

/*
 * The name in what HAProxy has sent: the first line, without blanks around; ""
 * for none.  What no name may have in the log is gone.
 */
void agent_name(char name[AGENT_NAME_MAX + 1], const char *sent, size_t len);

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

/*
 * A port may be shut for a while.  agent_reopen(): 0, or a UV_E* code (said in
 * the log, once); then it stays shut.
 */
void agent_shut(struct agent *a);
int agent_reopen(struct agent *a);
int agent_is_open(const struct agent *a);

/* "127.0.0.1:8141", with the real port. */
void agent_address(const struct agent *a, char dst[ADDR_TEXT_MAX]);

#endif
