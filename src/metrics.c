#include "metrics.h"

#include <string.h>

enum { TEXT_MAX = 64 * 1024 * 1024 }; /* no farm is that large */

/* A sample about one server, perhaps with one more label. */
static void put(struct expo *e, const struct report_server *s, const char *name,
	const char *value, double v)
{
	const struct expo_label labels[] = { { "server", s->name },
		{ name, value } };

	expo_sample(e, labels, name != NULL ? 2 : 1, v);
}

static void put_plain(struct expo *e, const struct report_server *s, double v)
{
	put(e, s, NULL, NULL, v);
}

/* --- verdict, reply, weight --- */

static void verdicts(struct expo *e, const struct report *r)
{
	expo_family(e, "usher_server_verdict", EXPO_GAUGE,
		"1 for the verdict that the probes have come to.");
	for (size_t i = 0; i < r->n; i++)
		for (unsigned v = VERDICT_NONE; v <= VERDICT_STOPPING; v++)
			put(e, &r->servers[i], "verdict",
				verdict_name((enum verdict)v),
				r->servers[i].view.verdict == v);
	expo_family(e, "usher_server_verdict_age_seconds", EXPO_GAUGE,
		"How long the verdict has been so.");
	for (size_t i = 0; i < r->n; i++)
		put_plain(e, &r->servers[i],
			(double)r->servers[i].view.verdict_ms / 1000);
}

static void replies(struct expo *e, const struct report *r)
{
	expo_family(e, "usher_server_in_service", EXPO_GAUGE,
		"1 when HAProxy is told to send it work.");
	for (size_t i = 0; i < r->n; i++)
		put_plain(e, &r->servers[i],
			standing_in_service(
				&r->servers[i].view, r->servers[i].orders));
	expo_family(e, "usher_server_told", EXPO_GAUGE,
		"1 for what the reply to HAProxy makes of the server.");
	for (size_t i = 0; i < r->n; i++) {
		const struct report_server *s = &r->servers[i];

		for (unsigned t = 0; t < ANSWER_TOLDS; t++)
			put(e, s, "told", answer_told_name((enum answer_told)t),
				s->view.lines[ANSWER_WITH_READY].told == t);
	}
}

static void weights(struct expo *e, const struct report *r)
{
	expo_family(e, "usher_server_weight_percent", EXPO_GAUGE,
		"The weight in the reply, the lowest of the limits; of use "
		"in service only.");
	for (size_t i = 0; i < r->n; i++)
		put_plain(e, &r->servers[i], report_weight(&r->servers[i]));
	expo_family(e, "usher_server_weight_limit_percent", EXPO_GAUGE,
		"Each limit of the weight: order, load, ramp, built.");
	for (size_t i = 0; i < r->n; i++) {
		const struct report_server *s = &r->servers[i];
		const unsigned *limits = s->view.weight.limits;
		const struct order *o = &s->orders->ceiling;

		put(e, s, "limit", "order",
			o->kind != ORDER_NONE ? o->percent : 100);
		put(e, s, "limit", "load", limits[WEIGHT_LOAD]);
		put(e, s, "limit", "ramp", limits[WEIGHT_RAMP]);
		put(e, s, "limit", "built", limits[WEIGHT_BUILT]);
	}
}

/* --- orders --- */

enum fact { KIND, AGE, LEFT };

static void put_order(struct expo *e, const struct report *r,
	const struct report_server *s, const char *slot, const struct order *o,
	enum fact fact)
{
	const struct expo_label labels[] = { { "server", s->name },
		{ "slot", slot }, { "order", order_name(o->kind) } };
	double v = 1;

	if (o->kind == ORDER_NONE || (fact == LEFT && o->until_s == 0))
		return;
	if (fact == AGE)
		v = (double)(r->now.s - o->since_s);
	if (fact == LEFT)
		v = (double)(o->until_s - r->now.s);
	expo_sample(e, labels, 3, v > 0 ? v : 0);
}

static void order_family(struct expo *e, const struct report *r,
	const char *name, const char *help, enum fact fact)
{
	expo_family(e, name, EXPO_GAUGE, help);
	for (size_t i = 0; i < r->n; i++) {
		const struct report_server *s = &r->servers[i];

		put_order(e, r, s, "state", &s->orders->state, fact);
		put_order(e, r, s, "weight", &s->orders->ceiling, fact);
		put_order(e, r, s, "hold", &s->orders->hold, fact);
	}
}

static void orders(struct expo *e, const struct report *r)
{
	order_family(e, r, "usher_server_order",
		"1 for an order that is in force.", KIND);
	order_family(e, r, "usher_server_order_age_seconds",
		"Since when an order is in force.", AGE);
	order_family(e, r, "usher_server_order_left_seconds",
		"When an order ends by itself; absent where it does not.",
		LEFT);
}

/* --- probes --- */

static void probe_times(struct expo *e, const struct report *r)
{
	expo_family(e, "usher_probe_duration_seconds", EXPO_HISTOGRAM,
		"How long probes took, by step; total is of all that ended.");
	for (size_t i = 0; i < r->n; i++) {
		const struct report_server *s = &r->servers[i];

		for (unsigned step = 0; step < TALLY_STEPS; step++) {
			const struct tally_times *t =
				&s->view.tally->steps[step];
			const struct expo_histogram h = { tally_bounds,
				t->counts, TALLY_BOUNDS,
				(double)t->sum_ms / 1000 };
			const struct expo_label labels[] = {
				{ "server", s->name },
				{ "step",
					tally_step_name((enum tally_step)step) }
			};

			expo_histogram(e, labels, 2, &h);
		}
	}
}

/* Of the results, `ok` is always there, others once they have been seen. */
static void probes(struct expo *e, const struct report *r)
{
	expo_family(e, "usher_probes_total", EXPO_COUNTER,
		"Probes that have ended, by result.");
	for (size_t i = 0; i < r->n; i++) {
		const struct report_server *s = &r->servers[i];

		for (unsigned o = 0; o < OUTCOMES_N; o++)
			if (s->view.tally->outcomes[o] > 0 || o == OUTCOME_OK)
				put(e, s, "result",
					outcome_word((enum outcome)o),
					(double)s->view.tally->outcomes[o]);
	}
	expo_family(e, "usher_probe_age_seconds", EXPO_GAUGE,
		"Since when the last probe has ended.");
	for (size_t i = 0; i < r->n; i++) {
		const struct probed *p = r->servers[i].view.probed;

		if (p->number > 0)
			put_plain(e, &r->servers[i],
				p->ended_s < r->now.s
					? (double)(r->now.s - p->ended_s)
					: 0);
	}
	probe_times(e, r);
	expo_family(e, "usher_tls_handshakes_total", EXPO_COUNTER,
		"TLS handshakes that succeeded, full and resumed.");
	for (size_t i = 0; i < r->n; i++) {
		const struct report_server *s = &r->servers[i];

		put(e, s, "kind", "full", (double)s->view.tally->full);
		put(e, s, "kind", "resumed", (double)s->view.tally->resumed);
	}
	expo_family(e, "usher_server_certificate_not_after_timestamp_seconds",
		EXPO_GAUGE,
		"When the certificate ends that the server showed last.");
	for (size_t i = 0; i < r->n; i++)
		if (r->servers[i].view.tally->cert_not_after_s != 0)
			put_plain(e, &r->servers[i],
				(double)r->servers[i]
					.view.tally->cert_not_after_s);
}

/* --- JRubies --- */

static double jrubies_of(const struct jruby *j)
{
	return j->jrubies;
}

static double free_of(const struct jruby *j)
{
	return j->free;
}

static double borrowed_of(const struct jruby *j)
{
	return j->borrowed;
}

static double waiting_of(const struct jruby *j)
{
	return j->waiting;
}

static double oldest_of(const struct jruby *j)
{
	return (double)j->oldest_waiter_ms / 1000;
}

static double limit_hits_of(const struct jruby *j)
{
	return (double)j->queue_limit_hits;
}

static void jrubies(struct expo *e, const struct report *r)
{
	static const struct {
		const char *name, *help;
		enum expo_type type;
		double (*of)(const struct jruby *j);
	} families[] = {
		{ "usher_jruby_instances",
			"JRubies that the server is configured for.",
			EXPO_GAUGE, jrubies_of },
		{ "usher_jruby_free", "JRubies that are idle.", EXPO_GAUGE,
			free_of },
		{ "usher_jruby_borrowed", "Requests that run in a JRuby.",
			EXPO_GAUGE, borrowed_of },
		{ "usher_jruby_waiting", "Requests that wait for a JRuby.",
			EXPO_GAUGE, waiting_of },
		{ "usher_jruby_oldest_waiter_seconds",
			"How long the oldest of them has waited.", EXPO_GAUGE,
			oldest_of },
		{ "usher_jruby_queue_limit_hits_total",
			"Requests sent away because the queue was full.",
			EXPO_COUNTER, limit_hits_of },
	};

	for (size_t k = 0; k < sizeof(families) / sizeof(*families); k++) {
		expo_family(e, families[k].name, families[k].type,
			families[k].help);
		for (size_t i = 0; i < r->n; i++) {
			const struct probed *p = r->servers[i].view.probed;

			if (p->figures == PROBED_FIGURES)
				put_plain(e, &r->servers[i],
					families[k].of(&p->jruby));
		}
	}
}

char *metrics_render(const struct report *r)
{
	struct expo e;

	expo_open(&e, TEXT_MAX);
	verdicts(&e, r);
	replies(&e, r);
	weights(&e, r);
	orders(&e, r);
	probes(&e, r);
	jrubies(&e, r);
	metrics_pollers(&e, r);
	metrics_process(&e, r);
	return expo_close(&e);
}
