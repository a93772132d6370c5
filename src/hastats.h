#ifndef HASTATS_H
#define HASTATS_H

#include <stddef.h>

/*
 * What HAProxy says of its servers, in answer to two commands of its stats
 * socket: `show servers state`, and the CSV of `show stat`.  Pure.
 */
enum ha_admin {
	HA_FORCED_MAINT = 0x01, /* by the agent, or by hand */
	HA_TRACKED_MAINT = 0x02,
	HA_CONFIGURED_MAINT = 0x04, /* `disabled` on the server's line */
	HA_FORCED_DRAIN = 0x08,     /* by the agent, or by hand */
	HA_TRACKED_DRAIN = 0x10,
	HA_NO_ADDRESS = 0x20, /* DNS has none */
};

/* Of the health check and of the agent. */
enum ha_check {
	HA_CHECK_CONFIGURED = 0x02,
	HA_CHECK_ENABLED = 0x04,
};

/* Texts are "" where HAProxy says nothing, and fit for a terminal. */
struct ha_server {
	const char *backend, *name;
	unsigned admin, check, agent; /* bits, as above */
	unsigned weight;              /* as it was set last */
	unsigned initial;             /* weight in the configuration */
	const char *address, *check_address, *agent_address; /* "-": none */
	const char *agent_port;
	const char *status;       /* "UP", "DRAIN (agent)" ... */
	const char *algo;         /* of the backend */
	const char *tracks;       /* "BACKEND/SERVER" */
	const char *check_status; /* "L4OK" ... */
	const char *check_text;
	const char *agent_status; /* "L7OK" ... */
	const char *agent_text;   /* what came of the last poll */
	unsigned agent_ms;        /* how long it took */
};

/* In HAProxy's order, the servers of a backend side by side. */
struct hastats {
	struct ha_server *list;
	size_t n;
};

enum { HASTATS_ERROR_MAX = 256 };

/*
 * Takes both answers apart, in place: they must stay for as long as `t` does.
 * 0, or a UV_E* code with a sentence and nothing to free.
 */
int hastats_parse(struct hastats *t, char *state, char *stat,
	char error[HASTATS_ERROR_MAX]);
void hastats_free(struct hastats *t);

#endif
