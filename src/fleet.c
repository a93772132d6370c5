/*
 * A new configuration is built beside the one in use, from its pieces where
 * they fit, and only then are the two swapped: what can go wrong (a port in
 * use, no memory) goes wrong before anything has changed.
 */
#include "fleet.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "agent.h"
#include "certfiles.h"
#include "clock.h"
#include "log.h"
#include "parts.h"
#include "ports.h"
#include "resolve.h"
#include "server.h"
#include "text.h"
#include "trust.h"
#include "turns.h"

enum {
	FULL_PROBES = 16, /* with a full handshake, under way at once */
	STAGGER_MS = 20,  /* between the first probes of two servers */
	TICK_MS = 1000,   /* who has stopped to poll? */
	TRIM_TICKS = 10,  /* between two looks for unused memory */
};

struct fleet {
	struct server_shared shared;
	struct turns turns;
	struct gate gate;
	struct agent_record record;
	struct fleet_owner owner;
	struct parts parts; /* in use */
	uv_timer_t tick;
	uint64_t tick_ms; /* the last one */
	unsigned ticks;
};

/* --- polls --- */

static const char *on_poll(
	void *arg, const struct agent_poll *poll, size_t *len)
{
	const char *owner = poll->owner, *name = poll->name;
	const struct fleet *f = arg;
	struct addr_host host;
	struct server *s;

	if (*owner != '\0')
		s = parts_find_server(&f->parts, owner);
	else if (name == NULL)
		s = f->parts.sole;
	else
		s = parts_find_server(&f->parts, name);
	if (s == NULL || addr_host(&host, poll->peer) != 0)
		return NULL;
	return standing_line(server_standing(s), &host, len);
}

static void on_tick(uv_timer_t *timer)
{
	struct fleet *f = timer->data;
	uint64_t now_ms = clock_now_ms(), due_ms = f->tick_ms + TICK_MS;

	f->tick_ms = now_ms;
	ports_look(&f->parts);
	/* Bursts of probes leave holes between what stays. */
	if (++f->ticks % TRIM_TICKS == 0)
		malloc_trim(0);
	/* After a standstill, polls that came meanwhile are counted first. */
	if (now_ms > due_ms + TICK_MS)
		return;
	for (size_t i = 0; i < parts_n_servers(&f->parts); i++)
		standing_look_at_pollers(server_standing(f->parts.servers[i]));
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

/* A server that replaces one of its name, or is new, goes on as it was. */
static void restore(struct fleet *f, struct server *fresh)
{
	struct server *old = parts_find_server(&f->parts, server_name(fresh));
	const struct standing *was = old != NULL ? server_standing(old) : NULL;

	if (was == NULL)
		store_restore(f->owner.store, server_name(fresh),
			server_standing(fresh));
	else
		standing_restore(server_standing(fresh), standing_orders(was),
			standing_pollers(was), STANDING_SURE);
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
			restore(f, next->servers[i]);
	}
	return rc;
}

/* --- swapping --- */

/* A server that leaves may come back. */
static int remember_leaving(const struct fleet *f, const struct parts *next)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < parts_n_servers(&f->parts); i++) {
		struct server *s = f->parts.servers[i];
		const struct standing *has = server_standing(s);

		if (parts_find_server(next, server_name(s)) == NULL)
			rc = store_remember(f->owner.store,
				&(struct statefile_server){ server_name(s),
					standing_orders(has),
					standing_pollers(has) });
	}
	return rc;
}

static void forget_present(const struct fleet *f)
{
	for (size_t i = 0; i < parts_n_servers(&f->parts); i++)
		store_forget(f->owner.store, server_name(f->parts.servers[i]));
}

static void put_in_use(struct fleet *f, struct parts *next)
{
	struct parts old = f->parts;
	struct config *old_config = old.config;

	f->parts = *next;
	for (size_t i = 0; i < parts_n_servers(next); i++) {
		struct server *s = next->servers[i];

		standing_set_policy(server_standing(s), next->config->ready);
		standing_set_figures(server_standing(s),
			next->n_https > 0 ? STANDING_ALWAYS
					  : STANDING_IF_NEEDED);
		server_configure(s, &next->config->servers[i], next->trusts[i]);
	}
	for (size_t i = 0; i < next->n_agents; i++)
		agent_configure(next->agents[i], next->owners[i],
			next->config->allow, next->config->n_allow);
	ports_log(&old, next);
	log_set_level(next->config->log_level);
	agent_forget(&f->record);
	parts_drop(&old, next);
	config_free(old_config);
}

int fleet_configure(struct fleet *f, struct config *config)
{
	const struct ports_options ports = { f->shared.loop, &f->record,
		on_poll, f, &f->owner.http };
	struct parts next = { .config = config };
	int rc = parts_allot(&next);

	if (rc == 0)
		rc = plan_trusts(f, &next);
	if (rc == 0)
		rc = plan_servers(f, &next);
	if (rc == 0)
		rc = ports_plan(&next, &f->parts, &ports);
	if (rc == 0) {
		parts_sort(&next);
		rc = remember_leaving(f, &next);
	}
	if (rc == 0)
		put_in_use(f, &next);
	else
		parts_drop(&next, &f->parts);
	forget_present(f);
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
	f->shared.gate = &f->gate;
	f->shared.standing = owner->standing;
	f->owner = *owner;
	if (resolver_open(&f->shared.resolver, loop) != 0) {
		free(f);
		return UV_ENOMEM;
	}
	turns_open(&f->turns, loop);
	gate_open(&f->gate, FULL_PROBES);
	uv_timer_init(loop, &f->tick);
	f->tick.data = f;
	f->tick_ms = clock_now_ms();
	uv_timer_start(&f->tick, on_tick, TICK_MS, TICK_MS);
	*out = f;
	return 0;
}

const struct config *fleet_config(const struct fleet *f)
{
	return f->parts.config;
}

uv_loop_t *fleet_loop(const struct fleet *f)
{
	return f->shared.loop;
}

const struct agent_record *fleet_record(const struct fleet *f)
{
	return &f->record;
}

struct server *fleet_server(const struct fleet *f, size_t i)
{
	return i < parts_n_servers(&f->parts) ? f->parts.servers[i] : NULL;
}

struct server *fleet_find(const struct fleet *f, const char *name)
{
	return parts_find_server(&f->parts, name);
}

const struct trust *fleet_trust(
	const struct fleet *f, size_t i, const struct config_server **like)
{
	if (i >= f->parts.n_trusted)
		return NULL;
	*like = f->parts.trusted[i].like;
	return f->parts.trusted[i].trust;
}

enum fleet_port fleet_port(
	const struct fleet *f, const char *server, char address[ADDR_TEXT_MAX])
{
	return ports_find(&f->parts, server, address);
}

void fleet_look(struct fleet *f)
{
	for (size_t i = 0; i < f->parts.n_trusted; i++)
		trust_look(f->parts.trusted[i].trust);
}

void fleet_close(struct fleet *f)
{
	struct config *config = f->parts.config;
	const struct parts nothing = { .config = NULL };

	log_info("polls answered=%llu refused=%llu",
		(unsigned long long)f->record.answered,
		(unsigned long long)f->record.refused);
	gate_close(&f->gate);
	parts_drop(&f->parts, &nothing);
	config_free(config);
	resolver_close(f->shared.resolver);
	uv_close((uv_handle_t *)&f->tick, NULL);
}

void fleet_free(struct fleet *f)
{
	free(f);
}
