/*
 * A new configuration is built beside the one in use, from its pieces where
 * they fit, and only then are the two swapped: what can go wrong (a port in
 * use, no memory) goes wrong before anything has changed.
 */
#include "fleet.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "agent.h"
#include "certfiles.h"
#include "log.h"
#include "option.h"
#include "resolve.h"
#include "server.h"
#include "text.h"
#include "trust.h"
#include "turns.h"

enum { STAGGER_MS = 20 }; /* between the first probes of two servers */

/* Files that servers trust; `like` is one server that names them. */
struct trusted {
	struct trust *trust;
	const struct config_server *like;
};

/* What one configuration uses.  servers[i] and trusts[i] go with its i-th. */
struct set {
	struct config *config;
	struct server **servers;
	struct trust **trusts;
	struct trusted *trusted;
	size_t n_trusted;
	struct agent **agents;
	size_t n_agents;
	struct server **by_name; /* servers, sorted */
	struct server *sole;     /* the only one on the shared port, or NULL */
};

struct fleet {
	struct server_shared shared;
	struct turns turns;
	struct agent_record record;
	struct fleet_owner owner;
	struct set set; /* in use */
};

static size_t n_servers(const struct set *set)
{
	return set->config != NULL ? set->config->n_servers : 0;
}

/* --- polls -----------------------------------------------------------------
 */

static int compare_servers(const void *a, const void *b)
{
	struct server *const *sa = a, *const *sb = b;

	return strcmp(server_name(*sa), server_name(*sb));
}

static int compare_name(const void *key, const void *element)
{
	struct server *const *s = element;

	return strcmp(key, server_name(*s));
}

static struct server *find_server(const struct set *set, const char *name)
{
	struct server **found = NULL;

	if (n_servers(set) > 0)
		found = bsearch(name, set->by_name, n_servers(set),
			sizeof(*set->by_name), compare_name);
	return found != NULL ? *found : NULL;
}

static const char *on_poll(
	void *arg, const char *owner, const char *name, size_t *len)
{
	const struct fleet *f = arg;
	struct server *s;

	if (*owner != '\0')
		s = find_server(&f->set, owner);
	else if (name == NULL)
		s = f->set.sole;
	else
		s = find_server(&f->set, name);
	return s != NULL ? server_reply(s, ANSWER_WITH_READY, len) : NULL;
}

/* --- files -----------------------------------------------------------------
 */

static void on_trust(struct trust *t, enum trust_event event,
	const struct tlsconf_report *report, void *arg)
{
	struct fleet *f = arg;

	for (size_t i = 0; i < f->set.n_trusted; i++)
		if (f->set.trusted[i].trust == t)
			certfiles_log(f->set.trusted[i].like, event, report);
	if (event != TRUST_LOADED)
		return;
	for (size_t i = 0; i < n_servers(&f->set); i++)
		server_trust_changed(f->set.servers[i], t);
}

static struct trust *find_trust(
	const struct set *set, const struct config_server *config)
{
	for (size_t i = 0; i < set->n_trusted; i++)
		if (certfiles_same(set->trusted[i].like, config))
			return set->trusted[i].trust;
	return NULL;
}

/* --- building a set --------------------------------------------------------
 */

static int allot(struct set *set)
{
	size_t n = n_servers(set);

	assert(n > 0);
	set->servers = calloc(n, sizeof(*set->servers));
	set->by_name = calloc(n, sizeof(*set->by_name));
	set->trusts = calloc(n, sizeof(*set->trusts));
	set->trusted = calloc(n, sizeof(*set->trusted));
	if (set->servers == NULL || set->by_name == NULL ||
		set->trusts == NULL || set->trusted == NULL)
		return UV_ENOMEM;
	return 0;
}

static int plan_trusts(struct fleet *f, struct set *next)
{
	for (size_t i = 0; i < n_servers(next); i++) {
		const struct config_server *config = &next->config->servers[i];
		struct trust *t = find_trust(next, config);
		int rc = 0;

		if (t == NULL) {
			t = find_trust(&f->set, config);
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
	struct server *s = find_server(&f->set, config->name);

	if (s == NULL || !config_same_target(server_config(s), config))
		return NULL;
	return s;
}

/* First probes are spread over an interval, but no thinner than needed. */
static uint64_t stagger_ms(
	const struct set *set, const struct config_server *config, size_t i)
{
	uint64_t share = config->interval_ms / n_servers(set);

	return i * (share < STAGGER_MS ? share : STAGGER_MS);
}

/* A server that replaces one of its name, or is new, keeps the orders. */
static void restore_orders(struct fleet *f, struct server *fresh)
{
	struct server *old = find_server(&f->set, server_name(fresh));
	struct orders orders = old != NULL
		? *server_orders(old)
		: f->owner.restore(f->owner.arg, server_name(fresh));

	server_put_orders(fresh, &orders);
}

static int plan_servers(struct fleet *f, struct set *next)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < n_servers(next); i++) {
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

static struct agent *find_agent(
	const struct set *set, const char *address, const char *owner)
{
	for (size_t i = 0; i < set->n_agents; i++)
		if (agent_is(set->agents[i], address, owner))
			return set->agents[i];
	return NULL;
}

static int open_agent(struct agent **out, struct fleet *f, const char *address,
	const char *owner)
{
	struct agent_options o = { .address = address,
		.owner = owner,
		.record = &f->record,
		.line = on_poll,
		.arg = f };
	char real[ADDR_TEXT_MAX];
	int rc = agent_open(out, f->shared.loop, &o);

	if (rc != 0) {
		log_error("listen agent=%s text=\"can't listen there: %s\"",
			address, uv_strerror(rc));
		return rc;
	}
	agent_address(*out, real);
	log_info("listening agent=%s server=%s", real,
		*owner != '\0' ? owner : "*");
	return 0;
}

/* Adds the ports of one list; those in use already go on. */
static int plan_ports(
	struct fleet *f, struct set *next, const char *list, const char *owner)
{
	char address[ADDR_TEXT_MAX];
	struct agent *a, **grown;
	const char *word;
	size_t len;
	int rc;

	while ((len = option_next_word(&list, &word)) > 0) {
		text_format(address, sizeof(address), "%.*s", (int)len, word);
		if (find_agent(next, address, owner) != NULL)
			continue;
		grown = realloc(
			next->agents, (next->n_agents + 1) * sizeof(*grown));
		if (grown == NULL)
			return UV_ENOMEM;
		next->agents = grown;
		a = find_agent(&f->set, address, owner);
		rc = a != NULL ? 0 : open_agent(&a, f, address, owner);
		if (rc != 0)
			return rc;
		next->agents[next->n_agents++] = a;
	}
	return 0;
}

static int plan_agents(struct fleet *f, struct set *next)
{
	size_t shared = 0;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < n_servers(next); i++) {
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

/* --- swapping --------------------------------------------------------------
 */

static bool uses(void *const *list, size_t n, const void *piece)
{
	for (size_t i = 0; i < n; i++)
		if (list[i] == piece)
			return true;
	return false;
}

/* Closes what is in `set` and not in `kept`, and forgets `set`. */
static void drop(struct set *set, const struct set *kept)
{
	for (size_t i = 0; set->servers != NULL && i < n_servers(set); i++)
		if (set->servers[i] != NULL &&
			!uses((void *const *)kept->servers, n_servers(kept),
				set->servers[i]))
			server_close(set->servers[i]);
	for (size_t i = 0; i < set->n_trusted; i++)
		if (!uses((void *const *)kept->trusts, n_servers(kept),
			    set->trusted[i].trust))
			trust_close(set->trusted[i].trust);
	for (size_t i = 0; i < set->n_agents; i++)
		if (!uses((void *const *)kept->agents, kept->n_agents,
			    set->agents[i]))
			agent_close(set->agents[i]);
	free(set->servers);
	free(set->by_name);
	free(set->trusts);
	free(set->trusted);
	free(set->agents);
	memset(set, 0, sizeof(*set));
}

static void put_in_use(struct fleet *f, struct set *next)
{
	struct set old = f->set;
	struct config *old_config = old.config;

	f->set = *next;
	for (size_t i = 0; i < n_servers(next); i++) {
		server_configure(next->servers[i], &next->config->servers[i],
			next->trusts[i]);
		next->by_name[i] = next->servers[i];
	}
	qsort(next->by_name, n_servers(next), sizeof(*next->by_name),
		compare_servers);
	for (size_t i = 0; i < next->n_agents; i++)
		agent_set_allow(next->agents[i], next->config->allow,
			next->config->n_allow);
	log_set_level(next->config->log_level);
	drop(&old, next);
	config_free(old_config);
}

int fleet_configure(struct fleet *f, struct config *config)
{
	struct set next = { .config = config };
	int rc = allot(&next);

	if (rc == 0)
		rc = plan_trusts(f, &next);
	if (rc == 0)
		rc = plan_servers(f, &next);
	if (rc == 0)
		rc = plan_agents(f, &next);
	if (rc == 0)
		put_in_use(f, &next);
	else
		drop(&next, &f->set);
	return rc;
}

/* --- life ------------------------------------------------------------------
 */

int fleet_open(
	struct fleet **out, uv_loop_t *loop, const struct fleet_owner *owner)
{
	struct fleet *f = calloc(1, sizeof(*f));

	if (f == NULL)
		return UV_ENOMEM;
	f->shared.loop = loop;
	f->shared.turns = &f->turns;
	f->shared.ended = owner->ended;
	f->shared.arg = owner->arg;
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
	return f->set.config;
}

struct server *fleet_server(const struct fleet *f, size_t i)
{
	return i < n_servers(&f->set) ? f->set.servers[i] : NULL;
}

struct server *fleet_find(const struct fleet *f, const char *name)
{
	return find_server(&f->set, name);
}

void fleet_look(struct fleet *f)
{
	for (size_t i = 0; i < f->set.n_trusted; i++)
		trust_look(f->set.trusted[i].trust);
}

enum fleet_end fleet_close(struct fleet *f)
{
	struct config *config = f->set.config;
	const struct set nothing = { .config = NULL };
	size_t busy = resolver_busy(f->shared.resolver);

	log_info("polls answered=%llu refused=%llu",
		(unsigned long long)f->record.answered,
		(unsigned long long)f->record.refused);
	drop(&f->set, &nothing);
	config_free(config);
	resolver_close(f->shared.resolver);
	turns_close(&f->turns);
	return busy > 0 ? FLEET_WAITING : FLEET_DONE;
}

void fleet_free(struct fleet *f)
{
	free(f);
}
