/*
 * A server is in one of three states:
 *
 *	RESTING    the timer runs towards the next probe
 *	RESOLVING  no address is known; the timer is the look-up's deadline
 *	PROBING    a probe is under way, with a deadline of its own
 *
 * Each ends in take_outcome() or goes on to the next; take_outcome() goes back
 * to RESTING, so probes never overlap.
 */
#include "server.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "clock.h"
#include "health.h"
#include "probe.h"
#include "puppet.h"
#include "text.h"

enum {
	FULL_HANDSHAKE_MS = 10 * 60 * 1000, /* a resumed one checks no files */
	LOOK_UP_AGAIN_MS = 5000,
	WAIT_FOR_TRUST_MS = 1000,
	WALL_CLOCK_MS = 1000, /* how often it is looked at: it may be set */
	FORMS = ANSWER_WITHOUT_ADMIN + 1,
};

enum state { RESTING, RESOLVING, PROBING };

struct server {
	struct server_shared shared;
	const struct config_server *config;
	struct trust *trust;
	enum state state;
	uint64_t delay_ms; /* of the first probe */
	uv_timer_t timer;
	uv_timer_t expiry; /* of the verdict: health_deadline() */
	unsigned open;     /* handles libuv has not closed yet */

	struct resolve_name *name;
	uint64_t looked_up_ms;
	bool dns_failing;

	struct probe *probe;
	struct tlsconf *probe_conf; /* what it was started with; borrowed */
	struct tls_saved *saved;
	uint64_t full_ms; /* the last full handshake */

	struct health_rules rules;
	struct health health;
	struct orders orders;
	bool has_outcome;
	enum outcome outcome; /* of the last probe */
	char detail[PROBE_DETAIL_MAX];
	enum verdict told; /* the verdict in the last log line */

	struct {
		char text[ANSWER_MAX];
		size_t len;
	} lines[FORMS];
	uint64_t lines_until_ms;
};

static void rest(struct server *s, uint64_t ms);

const char *server_name(const struct server *s)
{
	return s->config->name;
}

const struct config_server *server_config(const struct server *s)
{
	return s->config;
}

/* --- the reply -------------------------------------------------------------
 */

/* As it stands between quotes. */
static void log_verdict(struct server *s)
{
	char reply[ANSWER_MAX];

	text_format(
		reply, sizeof(reply), "%s", s->lines[ANSWER_WITH_READY].text);
	reply[strcspn(reply, "\n")] = '\0';
	text_quotable(reply);
	log_at(s->health.verdict == VERDICT_FAIL ? LOG_WARN : LOG_INFO,
		"verdict server=%s is=%s was=%s word=%s reply=\"%s\"",
		s->config->name, verdict_name(s->health.verdict),
		verdict_name(s->told),
		s->has_outcome ? outcome_word(s->outcome) : "none", reply);
	s->told = s->health.verdict;
}

static void expire_orders(struct server *s)
{
	struct order ended[ORDER_SLOTS];
	size_t n = order_expire(&s->orders, time(NULL), ended);

	for (size_t i = 0; i < n; i++)
		s->shared.ended(s->shared.arg, s, &ended[i]);
}

static void on_expiry(uv_timer_t *timer);

/* The lines are good until the verdict or an order may run out. */
static void set_expiry(struct server *s, uint64_t now_ms)
{
	uint64_t until_ms = health_deadline(&s->health, &s->rules);

	if (order_next_end(&s->orders) != 0 &&
		until_ms > now_ms + WALL_CLOCK_MS)
		until_ms = now_ms + WALL_CLOCK_MS;
	s->lines_until_ms = until_ms;
	if (until_ms == UINT64_MAX)
		uv_timer_stop(&s->expiry);
	else
		uv_timer_start(&s->expiry, on_expiry, until_ms - now_ms, 0);
}

/* Composes the lines anew; says so in the log when they have changed. */
static void refresh(struct server *s)
{
	uint64_t now_ms = clock_now_ms();
	struct answer_facts facts = { .orders = &s->orders, .automatic = 100 };
	char before[ANSWER_MAX];

	health_advance(&s->health, &s->rules, now_ms);
	expire_orders(s);
	facts.verdict = s->health.verdict;
	facts.because = s->health.because;
	memcpy(before, s->lines[ANSWER_WITH_READY].text, sizeof(before));
	for (unsigned form = 0; form < FORMS; form++)
		s->lines[form].len = answer_line(
			s->lines[form].text, &facts, (enum answer_form)form);
	if (s->told != s->health.verdict ||
		strcmp(before, s->lines[ANSWER_WITH_READY].text) != 0)
		log_verdict(s);
	set_expiry(s, now_ms);
}

static void on_expiry(uv_timer_t *timer)
{
	refresh(timer->data);
}

/*
 * The clock is asked too: after this process or the machine has stood still,
 * polls are served before any timer has run.
 */
const char *server_reply(struct server *s, enum answer_form form, size_t *len)
{
	if (clock_now_ms() >= s->lines_until_ms)
		refresh(s);
	*len = s->lines[form].len;
	return s->lines[form].text;
}

/* --- probing ---------------------------------------------------------------
 */

static void log_outcome(struct server *s, enum outcome o, const char *detail)
{
	if (s->has_outcome && s->outcome == o)
		return;
	log_at(o == OUTCOME_OK ? LOG_INFO : LOG_WARN,
		"probe server=%s word=%s text=\"%s\" detail=\"%s\"",
		s->config->name, outcome_word(o), outcome_sentence(o), detail);
}

static void take_outcome(struct server *s, enum outcome o, const char *detail)
{
	uint64_t pause_ms = s->config->interval_ms;

	log_outcome(s, o, detail);
	s->has_outcome = true;
	s->outcome = o;
	text_format(s->detail, sizeof(s->detail), "%s", detail);
	health_probe(&s->health, &s->rules, o, clock_now_ms());
	refresh(s);
	if (health_pace(&s->health) == HEALTH_CHANGING)
		pause_ms = s->config->fast_interval_ms;
	rest(s, pause_ms + (uint64_t)random() % (pause_ms / 10 + 1));
}

static void forget_session(struct server *s)
{
	tls_saved_free(s->saved);
	s->saved = NULL;
}

static void keep_session(struct server *s, struct probe_report *r)
{
	/* The files may have changed while it was under way. */
	bool valid = r->outcome == OUTCOME_OK &&
		s->probe_conf == trust_conf(s->trust);

	if (!valid || r->saved != NULL)
		forget_session(s);
	if (valid)
		s->saved = r->saved != NULL ? r->saved : s->saved;
	else
		tls_saved_free(r->saved);
	if (r->tls_version != NULL && !r->resumed)
		s->full_ms = clock_now_ms();
}

static void on_probe(struct probe_report *r, void *arg)
{
	struct server *s = arg;
	enum outcome o = r->outcome;

	s->probe = NULL;
	if (o == OUTCOME_OK)
		o = puppet_outcome(
			s->config->check, r->code, r->body, r->body_len);
	log_debug("probe server=%s word=%s total_ms=%" PRIu64
		  " connect_ms=%" PRIu64 " secured_ms=%" PRIu64
		  " tls=%s session=%s",
		s->config->name, outcome_word(o), r->ended_ms, r->connected_ms,
		r->secured_ms, r->tls_version != NULL ? r->tls_version : "none",
		r->resumed ? "resumed" : "full");
	keep_session(s, r);
	take_outcome(s, o, r->detail);
}

static void start_probe(struct server *s)
{
	char request[PUPPET_REQUEST_MAX];
	struct probe_target target = { .addrs = *resolve_addrs(s->name),
		.conf = trust_conf(s->trust),
		.tls_name = s->config->tls_name,
		.request = request,
		.body_max = PUPPET_BODY_MAX,
		.timeout_ms = s->config->timeout_ms,
		.turns = s->shared.turns };
	int rc;

	target.request_len =
		puppet_request(request, s->config->check, s->config->tls_name);
	if (clock_now_ms() - s->full_ms < FULL_HANDSHAKE_MS)
		target.resume = s->saved;
	s->state = PROBING;
	s->probe_conf = target.conf;
	rc = probe_start(&s->probe, s->shared.loop, &target, on_probe, s);
	if (rc != 0)
		take_outcome(s, OUTCOME_INTERNAL, uv_strerror(rc));
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

static void on_timer(uv_timer_t *timer);

static void begin(struct server *s)
{
	if (trust_conf(s->trust) == NULL) {
		rest(s, WAIT_FOR_TRUST_MS);
		return;
	}
	look_up(s);
	if (resolve_addrs(s->name)->n > 0) {
		start_probe(s);
		return;
	}
	s->state = RESOLVING;
	uv_timer_start(&s->timer, on_timer, s->config->timeout_ms, 0);
}

static void on_timer(uv_timer_t *timer)
{
	struct server *s = timer->data;

	if (s->state == RESOLVING)
		take_outcome(
			s, OUTCOME_DNS, "no answer to the look-up in time");
	else
		begin(s);
}

static void rest(struct server *s, uint64_t ms)
{
	s->state = RESTING;
	uv_timer_start(&s->timer, on_timer, ms, 0);
}

/* Tells once that look-ups fail, and once that they work again. */
static void log_look_up(struct server *s, int status)
{
	bool failing = status != 0;

	if (failing == s->dns_failing)
		return;
	s->dns_failing = failing;
	if (!failing)
		log_info("dns server=%s text=\"look-ups work again\"",
			s->config->name);
	else if (resolve_addrs(s->name)->n > 0)
		log_warn("dns server=%s text=\"look-up failed, the last "
			 "addresses stay in use\" detail=\"%s: %s\"",
			s->config->name, s->config->address,
			uv_strerror(status));
}

static void on_resolved(void *arg, int status)
{
	struct server *s = arg;

	log_look_up(s, status);
	if (s->state != RESOLVING)
		return;
	if (resolve_addrs(s->name)->n > 0)
		start_probe(s);
	else
		take_outcome(s, OUTCOME_DNS, uv_strerror(status));
}

/* --- orders and looks ------------------------------------------------------
 */

const struct orders *server_orders(const struct server *s)
{
	return &s->orders;
}

void server_put_orders(struct server *s, const struct orders *orders)
{
	s->orders = *orders;
	refresh(s);
}

void server_probe_now(struct server *s)
{
	if (s->state == RESTING)
		rest(s, 0);
}

void server_look(struct server *s, struct server_view *v)
{
	const char *line = s->lines[ANSWER_WITH_READY].text;

	refresh(s);
	*v = (struct server_view){ .verdict = s->health.verdict,
		.verdict_ms = s->health.since_ms > 0
			? clock_now_ms() - s->health.since_ms
			: 0,
		.word = s->has_outcome ? outcome_word(s->outcome) : "none",
		.sentence = s->has_outcome ? outcome_sentence(s->outcome)
					   : "no probe has ended yet",
		.detail = s->detail };
	text_format(v->reply, sizeof(v->reply), "%.*s",
		(int)strcspn(line, "\n"), line);
}

int server_view_in_service(
	const struct server_view *v, const struct orders *orders)
{
	if (orders->hold.kind != ORDER_NONE ||
		(orders->ceiling.kind != ORDER_NONE &&
			orders->ceiling.percent == 0))
		return 0;
	if (orders->state.kind != ORDER_NONE)
		return orders->state.kind == ORDER_UP;
	return v->verdict == VERDICT_UP || v->verdict == VERDICT_BUSY;
}

/* --- life ------------------------------------------------------------------
 */

static int open_name(struct resolve_name **out, struct server *s,
	const struct config_server *config)
{
	struct addr_parts parts;
	int rc = addr_split(&parts, config->address, 8140);

	return rc != 0 ? rc
		       : resolve_open(out, s->shared.resolver, parts.host,
				 parts.port, on_resolved, s);
}

static void adopt(struct server *s, const struct config_server *config,
	struct trust *trust)
{
	s->config = config;
	s->trust = trust;
	s->rules = (struct health_rules){ .rise = (unsigned)config->rise,
		.fall = (unsigned)config->fall,
		.busy_limit_ms = config->busy_limit_ms,
		.stale_ms = 3 * (config->interval_ms + config->timeout_ms) };
}

int server_open(struct server **out, const struct server_shared *shared,
	const struct config_server *config, struct trust *trust,
	uint64_t delay_ms)
{
	struct server *s = calloc(1, sizeof(*s));
	int rc;

	if (s == NULL)
		return UV_ENOMEM;
	s->shared = *shared;
	rc = open_name(&s->name, s, config);
	if (rc != 0) {
		free(s);
		return rc;
	}
	adopt(s, config, trust);
	uv_timer_init(shared->loop, &s->timer);
	uv_timer_init(shared->loop, &s->expiry);
	s->timer.data = s->expiry.data = s;
	s->open = 2;
	s->delay_ms = delay_ms;
	refresh(s);
	rest(s, delay_ms);
	*out = s;
	return 0;
}

void server_configure(struct server *s, const struct config_server *config,
	struct trust *trust)
{
	if (trust != s->trust)
		forget_session(s);
	adopt(s, config, trust);
	refresh(s);
}

void server_trust_changed(struct server *s, const struct trust *trust)
{
	if (trust != s->trust)
		return;
	forget_session(s);
	if (s->state == RESTING)
		rest(s, s->has_outcome ? 0 : s->delay_ms);
}

static void on_closed(uv_handle_t *h)
{
	struct server *s = h->data;

	if (--s->open > 0)
		return;
	forget_session(s);
	free(s);
}

void server_close(struct server *s)
{
	if (s->probe != NULL)
		probe_close(s->probe);
	resolve_close(s->name);
	uv_close((uv_handle_t *)&s->timer, on_closed);
	uv_close((uv_handle_t *)&s->expiry, on_closed);
}
