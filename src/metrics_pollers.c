/* /metrics: who asks, and what was answered. */
#include "metrics.h"

static void put(struct expo *e, const struct report_server *s,
	const char *poller, const char *told, double v)
{
	const struct expo_label labels[] = { { "server", s->name },
		{ "poller", poller }, { "told", told } };

	expo_sample(e, labels, told != NULL ? 3 : 2, v);
}

static void put_server(struct expo *e, const struct report_server *s, double v)
{
	const struct expo_label label = { "server", s->name };

	expo_sample(e, &label, 1, v);
}

static void put_counts(struct expo *e, const struct report_server *s,
	const char *poller, const uint64_t counts[ANSWER_TOLDS])
{
	for (unsigned t = 0; t < ANSWER_TOLDS; t++)
		if (counts[t] > 0)
			put(e, s, poller, answer_told_name((enum answer_told)t),
				(double)counts[t]);
}

static void polls(struct expo *e, const struct report *r)
{
	char host[ADDR_TEXT_MAX];

	expo_family(e, "usher_polls_total", EXPO_COUNTER,
		"Agent checks answered, by HAProxy and by what it was told.");
	for (size_t i = 0; i < r->n; i++) {
		const struct report_server *s = &r->servers[i];
		const struct pollers *p = s->view.pollers;

		for (size_t k = 0; k < p->n; k++) {
			addr_host_show(host, &p->list[k].host);
			put_counts(e, s, host, p->list[k].counts);
		}
		put_counts(e, s, "other", p->others);
	}
}

enum fact { LAST, LIVE, OWED };

static void poller_family(struct expo *e, const struct report *r,
	const char *name, const char *help, enum fact fact)
{
	char host[ADDR_TEXT_MAX];

	expo_family(e, name, EXPO_GAUGE, help);
	for (size_t i = 0; i < r->n; i++) {
		const struct report_server *s = &r->servers[i];
		const struct pollers *all = s->view.pollers;

		for (size_t k = 0; k < all->n; k++) {
			const struct poller *p = &all->list[k];
			double v = 0;

			if (fact == LAST && p->last_s == 0)
				continue;
			if (fact == LAST && p->last_s < r->now.s)
				v = (double)(r->now.s - p->last_s);
			if (fact == LIVE)
				v = poller_live(p, r->now);
			if (fact == OWED)
				v = poller_owed(all, p);
			addr_host_show(host, &p->host);
			put(e, s, host, NULL, v);
		}
	}
}

static void checks(struct expo *e, const struct report *r)
{
	expo_family(e, "usher_http_checks_total", EXPO_COUNTER,
		"Health checks over HTTP that were answered.");
	for (size_t i = 0; i < r->n; i++)
		put_server(e, &r->servers[i],
			(double)r->servers[i].view.pollers->checks);
	expo_family(e, "usher_last_http_check_age_seconds", EXPO_GAUGE,
		"When the last health check over HTTP has come.");
	for (size_t i = 0; i < r->n; i++) {
		const struct pollers *p = r->servers[i].view.pollers;

		if (p->checked_s != 0)
			put_server(e, &r->servers[i],
				p->checked_s < r->now.s
					? (double)(r->now.s - p->checked_s)
					: 0);
	}
}

void metrics_pollers(struct expo *e, const struct report *r)
{
	polls(e, r);
	poller_family(e, r, "usher_last_poll_age_seconds",
		"When this HAProxy has asked last.", LAST);
	poller_family(e, r, "usher_poller_live",
		"1 when this HAProxy asks as often as it used to.", LIVE);
	poller_family(e, r, "usher_ready_owed",
		"1 when this HAProxy is owed ready.", OWED);
	checks(e, r);
	expo_family(e, "usher_polls_refused_total", EXPO_COUNTER,
		"Agent checks from outside allow.");
	expo_sample(e, NULL, 0, (double)r->refused);
}
