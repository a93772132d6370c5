#ifndef PORTS_H
#define PORTS_H

#include <uv.h>

#include "agent.h"
#include "fleet.h"
#include "parts.h"

/*
 * The ports of a configuration: for agent checks the one that servers share,
 * and those that speak for one server each; and those for HTTP.
 */
struct ports_options {
	uv_loop_t *loop;
	struct agent_record *record;
	agent_line_cb line;
	void *arg;
	const struct httpd_handler *http;
};

/*
 * Adds what next->config names to `next`: ports that `used` has go on, others
 * are opened.  0, or a UV_E* code (said in the log).
 */
int ports_plan(struct parts *next, const struct parts *used,
	const struct ports_options *o);

/* Says which ports are new, or speak for another server. */
void ports_log(const struct parts *old, const struct parts *next);

/* The first port that answers for a server (fleet.h). */
enum fleet_port ports_find(
	const struct parts *p, const char *server, char address[ADDR_TEXT_MAX]);

/* Closes the ports of servers that are released, and opens them again. */
void ports_look(const struct parts *p);

#endif
