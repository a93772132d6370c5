#include "ports.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "option.h"
#include "text.h"

/* --- which there are --- */

static int open_agent(
	struct agent **out, const struct ports_options *o, const char *address)
{
	const struct agent_options port = { .address = address,
		.record = o->record,
		.line = o->line,
		.arg = o->arg };
	int rc = agent_open(out, o->loop, &port);

	if (rc != 0) {
		log_error("listen agent=%s text=\"can't listen there: %s\"",
			address, uv_strerror(rc));
		return rc;
	}
	return 0;
}

static int add_agent(struct parts *next, struct agent *a, const char *owner)
{
	size_t n = next->n_agents + 1;
	struct agent **agents = realloc(next->agents, n * sizeof(*agents));
	const char **owners;

	if (agents == NULL)
		return UV_ENOMEM;
	next->agents = agents;
	owners = realloc(next->owners, n * sizeof(*owners));
	if (owners == NULL)
		return UV_ENOMEM;
	next->owners = owners;
	agents[n - 1] = a;
	owners[n - 1] = owner;
	next->n_agents = n;
	return 0;
}

/* Adds the ports of one list; those in use already go on. */
static int add_list(struct parts *next, const struct parts *used,
	const struct ports_options *o, const char *list, const char *owner)
{
	char address[ADDR_TEXT_MAX];
	struct agent *a, *before;
	const char *word;
	size_t len;
	int rc = 0;

	while (rc == 0 && (len = option_next_word(&list, &word)) > 0) {
		text_format(address, sizeof(address), "%.*s", (int)len, word);
		before = a = parts_find_agent(used, address, next);
		if (a == NULL)
			rc = open_agent(&a, o, address);
		if (rc != 0)
			return rc;
		rc = add_agent(next, a, owner);
		if (rc != 0 && before == NULL)
			agent_close(a);
	}
	return rc;
}

static int add_http(struct parts *next, struct httpd *h)
{
	struct httpd **grown = realloc(
		next->https, (next->n_https + 1) * sizeof(*next->https));

	if (grown == NULL)
		return UV_ENOMEM;
	next->https = grown;
	next->https[next->n_https++] = h;
	return 0;
}

static int open_http(
	struct httpd **out, const struct ports_options *o, const char *address)
{
	int rc = httpd_open(out, o->loop, address, o->http);

	if (rc != 0)
		log_error("listen http=%s text=\"can't listen there: %s\"",
			address, uv_strerror(rc));
	return rc;
}

static int plan_https(struct parts *next, const struct parts *used,
	const struct ports_options *o)
{
	const char *list = next->config->http_listen, *word;
	char address[ADDR_TEXT_MAX];
	struct httpd *h, *before;
	size_t len;
	int rc;

	while ((len = option_next_word(&list, &word)) > 0) {
		text_format(address, sizeof(address), "%.*s", (int)len, word);
		before = h = parts_find_http(used, address, next);
		rc = h == NULL ? open_http(&h, o, address) : 0;
		if (rc != 0)
			return rc;
		rc = add_http(next, h);
		if (rc != 0 && before == NULL)
			httpd_close(h);
		if (rc != 0)
			return rc;
	}
	return 0;
}

int ports_plan(struct parts *next, const struct parts *used,
	const struct ports_options *o)
{
	size_t shared = 0;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < parts_n_servers(next); i++) {
		const struct config_server *config = &next->config->servers[i];

		if (*config->agent_listen == '\0') {
			shared++;
			next->sole = shared == 1 ? next->servers[i] : NULL;
		}
		rc = add_list(
			next, used, o, config->agent_listen, config->name);
	}
	if (rc == 0 && shared > 0)
		rc = add_list(next, used, o, next->config->agent_listen, "");
	return rc == 0 ? plan_https(next, used, o) : rc;
}

/* --- telling --- */

void ports_log(const struct parts *old, const struct parts *next)
{
	char real[ADDR_TEXT_MAX];

	for (size_t i = 0; i < next->n_https; i++) {
		size_t j = 0;

		while (j < old->n_https && old->https[j] != next->https[i])
			j++;
		if (j < old->n_https)
			continue;
		httpd_address(next->https[i], real);
		log_info("listening http=%s", real);
	}
	for (size_t i = 0; i < next->n_agents; i++) {
		const char *owner = next->owners[i], *before = NULL;

		for (size_t j = 0; j < old->n_agents; j++)
			if (old->agents[j] == next->agents[i])
				before = old->owners[j];
		if (before != NULL && strcmp(before, owner) == 0)
			continue;
		agent_address(next->agents[i], real);
		log_info("listening agent=%s server=%s", real,
			*owner != '\0' ? owner : "*");
	}
}

/* --- finding --- */

enum fleet_port ports_find(
	const struct parts *p, const char *server, char address[ADDR_TEXT_MAX])
{
	const struct server *s = parts_find_server(p, server);
	const char *owner;

	*address = '\0';
	if (s == NULL)
		return FLEET_PORT_NONE;
	owner = *server_config(s)->agent_listen != '\0' ? server : "";
	for (size_t i = 0; i < p->n_agents; i++) {
		if (strcmp(p->owners[i], owner) != 0 ||
			!agent_is_open(p->agents[i]))
			continue;
		agent_address(p->agents[i], address);
		return *owner != '\0' || p->sole != NULL ? FLEET_PORT_OWN
							 : FLEET_PORT_SHARED;
	}
	return FLEET_PORT_NONE;
}

/* --- closing, once HAProxy has been given back --- */

static bool is_released(struct server *s)
{
	return standing_released(server_standing(s)) != 0;
}

static bool is_shared(const struct server *s)
{
	return *server_config(s)->agent_listen == '\0';
}

/* All that share the port; false where nobody does. */
static bool shared_released(const struct parts *p)
{
	size_t released = 0;

	for (size_t i = 0; i < parts_n_servers(p); i++) {
		if (!is_shared(p->servers[i]))
			continue;
		if (!is_released(p->servers[i]))
			return false;
		released++;
	}
	return released > 0;
}

static void shut(struct agent *a)
{
	char real[ADDR_TEXT_MAX];

	agent_address(a, real);
	agent_shut(a);
	log_info("listening agent=%s text=\"closed: HAProxy has been given "
		 "back\"",
		real);
}

static void reopen(struct agent *a)
{
	char real[ADDR_TEXT_MAX];

	if (agent_reopen(a) != 0)
		return;
	agent_address(a, real);
	log_info("listening agent=%s text=\"open again\"", real);
}

void ports_look(const struct parts *p)
{
	bool shared = shared_released(p);

	for (size_t i = 0; i < p->n_agents; i++) {
		const char *owner = p->owners[i];
		bool released = *owner != '\0'
			? is_released(parts_find_server(p, owner))
			: shared;

		if (released == !agent_is_open(p->agents[i]))
			continue;
		if (released)
			shut(p->agents[i]);
		else
			reopen(p->agents[i]);
	}
}
