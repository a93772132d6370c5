#ifndef PARTS_H
#define PARTS_H

#include <stddef.h>

#include "agent.h"
#include "config.h"
#include "httpd.h"
#include "server.h"
#include "trust.h"

/*
 * The parts that one configuration uses.  Two configurations may share some:
 * while one follows the other, both lists name what goes on.
 */

/* Files that servers trust; `like` is one server that names them. */
struct trusted {
	struct trust *trust;
	const struct config_server *like;
};

/* What one configuration uses.  servers[i] and trusts[i] go with its i-th. */
struct parts {
	struct config *config;
	struct server **servers;
	struct trust **trusts;
	struct trusted *trusted;
	size_t n_trusted;
	struct agent **agents;
	const char **owners; /* of agents[i]; "" where it is shared */
	size_t n_agents;
	struct httpd **https;
	size_t n_https;
	struct server **by_name; /* servers, sorted */
	struct server *sole;     /* the only one on the shared port, or NULL */
};

size_t parts_n_servers(const struct parts *p);

/* Room for what the configuration names.  0, or UV_ENOMEM. */
int parts_allot(struct parts *p);

/* All servers are there: makes them findable by name. */
void parts_sort(struct parts *p);

/* Each NULL where there is none. */
struct server *parts_find_server(const struct parts *p, const char *name);
struct trust *parts_find_trust(
	const struct parts *p, const struct config_server *config);

/* Those that are not in `taken`: port 0 may be asked for again and again. */
struct agent *parts_find_agent(
	const struct parts *p, const char *address, const struct parts *taken);
struct httpd *parts_find_http(
	const struct parts *p, const char *address, const struct parts *taken);

/* Closes what is in `p` and not in `kept`, and forgets `p`. */
void parts_drop(struct parts *p, const struct parts *kept);

#endif
