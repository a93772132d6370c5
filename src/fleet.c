/*
 * A new configuration is built beside the one in use, from its pieces where
 * they fit, and only then are the two swapped: what can go wrong (a port in
 * use, no memory) goes wrong before anything has changed.
 */
#include "fleet.h"

#include <stdlib.h>
#include <string.h>

#include "agent.h"
#include "certfiles.h"
#include "log.h"
#include "option.h"
#include "parts.h"
#include "resolve.h"
#include "server.h"
#include "text.h"
#include "trust.h"
#include "turns.h"

enum { STAGGER_MS = 20 }; /* between the first probes of two servers */

struct fleet {
	struct server_shared shared;
	struct turns turns;
	struct agent_record record;
	struct fleet_owner owner;
	struct parts parts; /* in use */
};

/* --- polls --- */

static const char *on_poll(
	void *arg, const char *owner, const char *name, size_t *len)
{
	const struct fleet *f = arg;
	struct server *s;

	if (*owner != '\0')
		s = parts_find_server(&f->parts, owner);
	else if (name == NULL)
		s = f->parts.sole;
	else
		s = parts_find_server(&f->parts, name);
	return s != NULL
		? standing_line(server_standing(s), ANSWER_WITH_READY, len)
		: NULL;
}

/* --- files --- */

static void on_trust(struct trust *t, enum trust_event event,
	const struct tlsconf_report *report, void *arg)
{
	struct fleet *f = arg;

	for (size_t i = 0; i < f->parts.n_trusted; i++)
		if (f->parts.trusted[i].trust == t)
			certfiles_log(f->parts.trusted[i].like, event, report);
	if (event != TRUST_LOADED)
		return;
	for (size_t i = 0; i < parts_n_servers(&f->parts); i++)
		server_trust_changed(f->parts.servers[i], t);
}

/* --- building the next parts --- */

static int plan_trusts(struct fleet *f, struct parts *next)
{
	for (size_t i = 0; i < parts_n_servers(next); i++) {
		const struct config_server *config = &next->config->servers[i];
		struct trust *t = parts_find_trust(next, config);
		int rc = 0;

		if (t == NULL) {
			t = parts_find_trust(&f->parts, config);
			if (t == NULL)
				rc = certfiles_open(&t, f->shared.loop, config,
					on_trust, f);
			if (rc != 0)
				return rc;
			next->trusted[next->n_trusted++] =
				(struct trusted){ t, config };
		}
		next->trusts[i] = t;
	}
	return 0;
}

/* The server in use that goes on under `config`, or NULL. */
static struct server *find_same(
	const struct fleet *f, const struct config_server *config)
{
	struct server *s = parts_find_server(&f->parts, config->name);

	if (s == NULL || !config_same_target(server_config(s), config))
		return NULL;
	return s;
}

/* First probes are spread over an interval, but no thinner than needed. */
static uint64_t stagger_ms(
	const struct parts *next, const struct config_server *config, size_t i)
{
	uint64_t share = i * config->interval_ms / parts_n_servers(next);

	return share < i * STAGGER_MS ? share : i * STAGGER_MS;
}

/* A server that replaces one of its name, or is new, keeps the orders. */
static void restore_orders(struct fleet *f, struct server *fresh)
{
	struct server *old = parts_find_server(&f->parts, server_name(fresh));
	struct orders orders = old != NULL
		? *standing_orders(server_standing(old))
		: f->owner.restore(f->owner.standing.arg, server_name(fresh));

	standing_put_orders(server_standing(fresh), &orders);
}

static int plan_servers(struct fleet *f, struct parts *next)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < parts_n_servers(next); i++) {
		const struct config_server *config = &next->config->servers[i];

		next->servers[i] = find_same(f, config);
		if (next->servers[i] != NULL)
			continue;
		rc = server_open(&next->servers[i], &f->shared, config,
			next->trusts[i], stagger_ms(next, config, i));
		if (rc == 0)
			restore_orders(f, next->servers[i]);
	}
	return rc;
}

static int open_agent(struct agent **out, struct fleet *f, const char *address)
{
	struct agent_options o = { .address = address,
		.record = &f->record,
		.line = on_poll,
		.arg = f };
	int rc = agent_open(out, f->shared.loop, &o);

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
static int plan_ports(struct fleet *f, struct parts *next, const char *list,
	const char *owner)
{
	char address[ADDR_TEXT_MAX];
	struct agent *a, *used;
	const char *word;
	size_t len;
	int rc = 0;

	while (rc == 0 && (len = option_next_word(&list, &word)) > 0) {
		text_format(address, sizeof(address), "%.*s", (int)len, word);
		used = a = parts_find_agent(&f->parts, address);
		if (a == NULL)
			rc = open_agent(&a, f, address);
		if (rc != 0)
			return rc;
		rc = add_agent(next, a, owner);
		if (rc != 0 && used == NULL)
			agent_close(a);
	}
	return rc;
}

static int plan_agents(struct fleet *f, struct parts *next)
{
	size_t shared = 0;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < parts_n_servers(next); i++) {
		const struct config_server *config = &next->config->servers[i];

		if (*config->agent_listen == '\0') {
			shared++;
			next->sole = shared == 1 ? next->servers[i] : NULL;
		}
		rc = plan_ports(f, next, config->agent_listen, config->name);
	}
	if (rc == 0 && shared > 0)
		rc = plan_ports(f, next, next->config->agent_listen, "");
	return rc;
}

/* --- swapping --- */

/* Says which ports are new, or speak for another server. */
static void log_ports(const struct parts *old, const struct parts *next)
{
	char real[ADDR_TEXT_MAX];

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

static void put_in_use(struct fleet *f, struct parts *next)
{
	struct parts old = f->parts;
	struct config *old_config = old.config;

	f->parts = *next;
	for (size_t i = 0; i < parts_n_servers(next); i++) {
		server_configure(next->servers[i], &next->config->servers[i],
			next->trusts[i]);
	}
	parts_sort(next);
	for (size_t i = 0; i < next->n_agents; i++)
		agent_configure(next->agents[i], next->owners[i],
			next->config->allow, next->config->n_allow);
	log_ports(&old, next);
	log_set_level(next->config->log_level);
	agent_forget(&f->record);
	parts_drop(&old, next);
	config_free(old_config);
}

int fleet_configure(struct fleet *f, struct config *config)
{
	struct parts next = { .config = config };
	int rc = parts_allot(&next);

	if (rc == 0)
		rc = plan_trusts(f, &next);
	if (rc == 0)
		rc = plan_servers(f, &next);
	if (rc == 0)
		rc = plan_agents(f, &next);
	if (rc == 0)
		put_in_use(f, &next);
	else
		parts_drop(&next, &f->parts);
	return rc;
}

/* --- life --- */

int fleet_open(
	struct fleet **out, uv_loop_t *loop, const struct fleet_owner *owner)
{
	struct fleet *f = calloc(1, sizeof(*f));

	if (f == NULL)
		return UV_ENOMEM;
	f->shared.loop = loop;
	f->shared.turns = &f->turns;
	f->shared.standing = owner->standing;
	f->owner = *owner;
	if (resolver_open(&f->shared.resolver, loop) != 0) {
		free(f);
		return UV_ENOMEM;
	}
	turns_open(&f->turns, loop);
	*out = f;
	return 0;
}

const struct config *fleet_config(const struct fleet *f)
{
	return f->parts.config;
}

struct server *fleet_server(const struct fleet *f, size_t i)
{
	return i < parts_n_servers(&f->parts) ? f->parts.servers[i] : NULL;
}

struct server *fleet_find(const struct fleet *f, const char *name)
{
	return parts_find_server(&f->parts, name);
}

void fleet_look(struct fleet *f)
{
	for (size_t i = 0; i < f->parts.n_trusted; i++)
		trust_look(f->parts.trusted[i].trust);
}

enum fleet_end fleet_close(struct fleet *f)
{
	struct config *config = f->parts.config;
	const struct parts nothing = { .config = NULL };
	size_t busy = resolver_busy(f->shared.resolver);

	log_info("polls answered=%llu refused=%llu",
		(unsigned long long)f->record.answered,
		(unsigned long long)f->record.refused);
	parts_drop(&f->parts, &nothing);
	config_free(config);
	resolver_close(f->shared.resolver);
	turns_close(&f->turns);
	return busy > 0 ? FLEET_WAITING : FLEET_DONE;
}

void fleet_free(struct fleet *f)
{
	free(f);
}
