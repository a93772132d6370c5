/*
 * A server is in one of four states:
 *
 *	RESTING    the timer runs towards the next probe
 *	RESOLVING  no address is known; the timer asks again
 *	QUEUED     a full handshake is due, and others have theirs
 *	PROBING    a probe is under way, with a deadline of its own
 *
 * Each ends in take_outcome() or goes on to the next; take_outcome() goes back
 * to RESTING, so probes never overlap.
 */
#include "server.h"

#include <assert.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

#include "cause.h"
#include "clock.h"
#include "jruby.h"
#include "probe.h"
#include "probed.h"
#include "puppet.h"
#include "remark.h"
#include "rules.h"
#include "session.h"
#include "text.h"

enum {
	LOOK_UP_AGAIN_MS = 5000,
	WAIT_FOR_TRUST_MS = 1000,
	GATE_LOOK_MS = 250,
};

enum state { RESTING, RESOLVING, QUEUED, PROBING };

struct server {
	struct server_shared shared;
	const struct config_server *config;
	struct trust *trust;
	enum state state;
	uint64_t delay_ms; /* of the first probe, and after new files */
	uv_timer_t timer;
	unsigned open; /* handles libuv has not closed yet */

	struct resolve_name *name;
	uint64_t looked_up_ms; /* asked last; 0: to be asked anew */
	bool dns_failing;

	struct probe *probe;
	struct gate_pass pass;
	struct tlsconf *probe_conf; /* what it was started with; borrowed */
	struct session session;
	uint64_t started; /* probes */
	uint64_t wished;  /* the number of one that somebody waits for */
	enum jruby_service metrics;

	struct standing standing;
};

const char *server_name(const struct server *s)
{
	return s->config->name;
}

const struct config_server *server_config(const struct server *s)
{
	return s->config;
}

struct standing *server_standing(struct server *s)
{
	return &s->standing;
}

/* --- probing --- */

static void on_timer(uv_timer_t *timer);

static void rest(struct server *s, uint64_t ms)
{
	s->state = RESTING;
	uv_timer_start(&s->timer, on_timer, ms, 0);
}

static void take(struct server *s, struct probed *p)
{
	uint64_t ms;

	gate_leave(s->shared.gate, &s->pass);
	p->number = s->started;
	p->ended_s = time(NULL);
	p->resolved_ms = resolve_took_ms(s->name);
	standing_probed(&s->standing, p);
	ms = rules_pause_ms(s->config, &s->standing);
	ms += (uint64_t)random() % (ms / 10 + 1);
	rest(s, s->wished > s->started ? 0 : ms);
}

/* One that ended without a connection. */
static void take_outcome(struct server *s, enum outcome o, const char *detail)
{
	struct probed p = { .outcome = o };

	text_format(p.detail, sizeof(p.detail), "%s", detail);
	take(s, &p);
}

static void on_probe(struct probe_report *r, void *arg)
{
	struct server *s = arg;
	struct probed p = { .number = 0 };

	s->probe = NULL;
	probed_read(&p, s->config->check, r);
	log_debug("probe server=%s word=%s total_ms=%" PRIu64
		  " connect_ms=%" PRIu64 " secured_ms=%" PRIu64
		  " tls=%s session=%s",
		s->config->name, outcome_word(p.outcome), r->ended_ms,
		r->connected_ms, r->secured_ms,
		r->tls_version != NULL ? r->tls_version : "none",
		r->resumed ? "resumed" : "full");
	session_keep(&s->session, r,
		s->probe_conf == trust_conf(s->trust) ? SESSION_SAME_FILES
						      : SESSION_OTHER_FILES,
		clock_now_ms());
	/* Puppet Enterprise has another name for them. */
	if (r->answers[1].code == 404)
		s->metrics = s->metrics == JRUBY_METRICS ? JRUBY_PE_METRICS
							 : JRUBY_METRICS;
	take(s, &p);
}

/* A place at the gate is for who computes, not for who is silent. */
static void on_look(uv_timer_t *timer)
{
	struct server *s = timer->data;

	if (s->probe != NULL && probe_computes(s->probe))
		return;
	uv_timer_stop(timer);
	gate_leave(s->shared.gate, &s->pass);
}

static void start_probe(struct server *s)
{
	char first[PUPPET_REQUEST_MAX], second[PUPPET_REQUEST_MAX];
	const char *host = s->config->tls_name;
	struct probe_target target = { .addrs = *resolve_addrs(s->name),
		.conf = trust_conf(s->trust),
		.tls_name = host,
		.n_requests = 1,
		.timeout_ms = s->config->timeout_ms,
		.turns = s->shared.turns };
	int rc;

	assert(s->probe == NULL && target.conf != NULL);
	uv_timer_stop(&s->timer);
	target.requests[0] = (struct probe_request){ first,
		puppet_request(first, s->config->check, host),
		PUPPET_BODY_MAX };
	target.requests[1] = (struct probe_request){ second,
		jruby_request(second, s->metrics, host), JRUBY_BODY_MAX };
	/* Puppet 3 had no such figures. */
	if (standing_wants_figures(&s->standing) &&
		s->config->check == PUPPET_SIMPLE)
		target.n_requests = 2;
	s->started++;
	if (s->wished < s->started)
		target.resume = session_offer(&s->session, clock_now_ms());
	s->state = PROBING;
	s->probe_conf = target.conf;
	if (s->pass.state == GATE_IN)
		uv_timer_start(&s->timer, on_look, GATE_LOOK_MS, GATE_LOOK_MS);
	rc = probe_start(&s->probe, s->shared.loop, &target, on_probe, s);
	if (rc != 0)
		take_outcome(s, OUTCOME_INTERNAL, uv_strerror(rc));
}

/* A reload may have brought other files meanwhile, not read yet. */
static void on_let_in(void *arg)
{
	struct server *s = arg;

	if (trust_conf(s->trust) != NULL) {
		start_probe(s);
		return;
	}
	gate_leave(s->shared.gate, &s->pass);
	rest(s, WAIT_FOR_TRUST_MS);
}

/*
 * A full handshake computes for tens of ms.  Where many are due, as after a
 * start, all at once would take longer than the timeout of each.
 */
static void queue_up(struct server *s)
{
	bool costly = s->wished > s->started ||
		session_is_costly(&s->session, clock_now_ms());

	s->state = QUEUED;
	uv_timer_stop(&s->timer);
	if (!costly ||
		gate_enter(s->shared.gate, &s->pass, on_let_in, s) == GATE_IN)
		start_probe(s);
}

static void look_up(struct server *s)
{
	uint64_t now_ms = clock_now_ms();

	if (resolve_addrs(s->name)->n > 0 &&
		now_ms - s->looked_up_ms < LOOK_UP_AGAIN_MS)
		return;
	s->looked_up_ms = now_ms;
	resolve_ask(s->name);
}

/* Goes on as far as the files and addresses at hand allow. */
static void begin(struct server *s)
{
	if (trust_conf(s->trust) == NULL) {
		standing_unprobed(&s->standing);
		rest(s, WAIT_FOR_TRUST_MS);
		return;
	}
	look_up(s);
	if (resolve_addrs(s->name)->n > 0 &&
		(s->wished <= s->started || !resolve_pending(s->name))) {
		queue_up(s);
		return;
	}
	/* A look-up that waits, or hangs, says nothing about the server. */
	s->state = RESOLVING;
	uv_timer_start(&s->timer, on_timer, s->config->timeout_ms, 0);
}

static void on_timer(uv_timer_t *timer)
{
	struct server *s = timer->data;

	/* A look-up that was wished for hangs: the last addresses will do. */
	if (s->state == RESOLVING && resolve_addrs(s->name)->n > 0 &&
		trust_conf(s->trust) != NULL)
		queue_up(s);
	else
		begin(s);
}

/* Once that look-ups fail, and once that they work again. */
static void note_look_up(struct server *s, int status)
{
	bool failing = status != 0;

	if (failing == s->dns_failing)
		return;
	s->dns_failing = failing;
	if (!failing || resolve_addrs(s->name)->n > 0)
		remark_look_up(s->config->name, s->config->address, status);
}

static void on_resolved(void *arg, int status)
{
	struct server *s = arg;
	char detail[PROBE_DETAIL_MAX];

	note_look_up(s, status);
	if (s->state != RESOLVING)
		return;
	if (resolve_addrs(s->name)->n > 0) {
		begin(s);
		return;
	}
	text_format(detail, sizeof(detail), "%s: %s", s->config->address,
		uv_strerror(status));
	s->started++;
	take_outcome(s, cause_of_look_up(status), detail);
}

uint64_t server_probe_now(struct server *s)
{
	s->wished = s->started + 1;
	s->looked_up_ms = 0;
	/* The look-up comes first, so it queues again. */
	if (s->state == QUEUED)
		gate_leave(s->shared.gate, &s->pass);
	if (s->state == RESTING || s->state == QUEUED)
		rest(s, 0);
	return s->wished;
}

uint64_t server_probes_ended(const struct server *s)
{
	return s->standing.last.number;
}

/* --- life --- */

static int open_name(struct resolve_name **out, struct server *s,
	const struct config_server *config)
{
	struct addr_parts parts;
	int rc = addr_split(&parts, config->address, 8140);

	return rc != 0 ? rc
		       : resolve_open(out, s->shared.resolver, parts.host,
				 parts.port, on_resolved, s);
}

int server_open(struct server **out, const struct server_shared *shared,
	const struct config_server *config, struct trust *trust,
	uint64_t delay_ms)
{
	struct server *s = calloc(1, sizeof(*s));
	struct standing_rules rules;
	int rc;

	if (s == NULL)
		return UV_ENOMEM;
	s->shared = *shared;
	rc = open_name(&s->name, s, config);
	if (rc != 0) {
		free(s);
		return rc;
	}
	s->config = config;
	s->trust = trust;
	rules = rules_of(config);
	uv_timer_init(shared->loop, &s->timer);
	s->timer.data = s;
	s->open = 2;
	standing_open(&s->standing, &shared->standing, config->name, &rules);
	s->delay_ms = delay_ms;
	rest(s, delay_ms);
	*out = s;
	return 0;
}

void server_configure(struct server *s, const struct config_server *config,
	struct trust *trust)
{
	struct standing_rules rules = rules_of(config);

	if (trust != s->trust)
		session_forget(&s->session);
	s->config = config;
	s->trust = trust;
	standing_set_rules(&s->standing, config->name, &rules);
	server_keep_pace(s);
}

void server_keep_pace(struct server *s)
{
	uint64_t ms = rules_pause_ms(s->config, &s->standing);

	if (s->state == RESTING && uv_timer_get_due_in(&s->timer) > ms)
		rest(s, ms);
}

void server_trust_changed(struct server *s, const struct trust *trust)
{
	if (trust != s->trust)
		return;
	session_forget(&s->session);
	if (s->state == RESTING)
		rest(s, s->delay_ms);
}

static void release(struct server *s)
{
	if (--s->open > 0)
		return;
	session_forget(&s->session);
	free(s);
}

static void on_timer_closed(uv_handle_t *h)
{
	release(h->data);
}

static void on_standing_closed(void *owner)
{
	release(owner);
}

void server_close(struct server *s)
{
	if (s->probe != NULL)
		probe_close(s->probe);
	gate_leave(s->shared.gate, &s->pass);
	resolve_close(s->name);
	uv_close((uv_handle_t *)&s->timer, on_timer_closed);
	standing_close(&s->standing, on_standing_closed, s);
}
