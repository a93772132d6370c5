#include "report.h"

#include <string.h>

#include "paper.h"
#include "text.h"

static const char *const policy_names[] = {
	[POLLER_AUTO] = "auto",
	[POLLER_ALWAYS] = "always",
	[POLLER_NEVER] = "never",
};

/* --- text --- */

static const char *ready_of(
	const struct report_server *s, const struct poller *p)
{
	if (s->view.policy == POLLER_ALWAYS)
		return "always";
	return poller_owed(s->view.pollers, p) ? "owed" : "-";
}

/* Seconds for people, but a tenth of one where that matters. */
static void show_interval(char dst[PAPER_TIME_MAX], uint64_t ms)
{
	if (ms == 0)
		text_format(dst, PAPER_TIME_MAX, "-");
	else if (ms < 10000)
		text_format(dst, PAPER_TIME_MAX, "%llu.%llus",
			(unsigned long long)ms / 1000,
			(unsigned long long)ms % 1000 / 100);
	else
		paper_age(dst, (int64_t)(ms / 1000));
}

static const char *state_of(const struct poller *p, struct poller_time now)
{
	if (poller_live(p, now))
		return "live";
	if (p->silent)
		return "silent";
	if (p->polls == 0)
		return "awaited";
	return p->polls < POLLER_LIVE_POLLS ? "new" : "late";
}

static void print_poller(struct paper *out, const struct report *r,
	const struct report_server *s, const struct poller *p)
{
	char host[ADDR_TEXT_MAX], age[PAPER_TIME_MAX] = "-";
	char every[PAPER_TIME_MAX];

	addr_host_show(host, &p->host);
	if (p->last_s != 0)
		paper_age(age, r->now.s - p->last_s);
	show_interval(every, p->interval_ms);
	fprintf(out->out, "  %-39s  %-7s  %-9s  %-6s  %-5s  %s\n", host,
		state_of(p, r->now), age, every, answer_told_name(p->told),
		ready_of(s, p));
}

static char *pollers_text(const struct report *r)
{
	char warning[REPORT_WARNING_MAX];
	struct paper p;

	if (paper_open(&p, r->width) != 0)
		return NULL;
	fprintf(p.out, "%-41s  %-7s  %-9s  %-6s  %-5s  %s\n", "SERVER, HAPROXY",
		"STATE", "LAST POLL", "EVERY", "TOLD", "READY");
	for (size_t i = 0; i < r->n; i++) {
		const struct report_server *s = &r->servers[i];

		paper_line(&p, 0, "%s", s->name);
		for (size_t k = 0; k < s->view.pollers->n; k++)
			print_poller(&p, r, s, &s->view.pollers->list[k]);
		for (size_t k = 0; report_warning(r, s, k, warning); k++)
			paper_line(&p, 4, "warning: %s", warning);
	}
	if (r->refused > 0)
		paper_line(&p, 0,
			"%llu polls refused from outside allow, the last from "
			"%s",
			(unsigned long long)r->refused, r->refused_last);
	return paper_close(&p);
}

/* --- JSON --- */

static json_t *poller_json(const struct report *r,
	const struct report_server *s, const struct poller *p)
{
	char host[ADDR_TEXT_MAX];

	addr_host_show(host, &p->host);
	return json_pack("{ss sb so so sI sI ss sb}", "address", host, "live",
		poller_live(p, r->now), "last_poll", paper_time(p->last_s),
		"interval_ms",
		p->interval_ms > 0 ? json_integer((json_int_t)p->interval_ms)
				   : json_null(),
		"longest_gap_ms", (json_int_t)p->longest_ms, "polls",
		(json_int_t)p->polls, "told", answer_told_name(p->told),
		"ready_owed", poller_owed(s->view.pollers, p));
}

json_t *report_pollers_json(
	const struct report *r, const struct report_server *s)
{
	const struct pollers *p = s->view.pollers;
	json_t *list = json_array();

	for (size_t i = 0; i < p->n; i++)
		paper_add(&list, poller_json(r, s, &p->list[i]));
	return json_pack("{ss ss so}", "name", s->name, "ready",
		policy_names[s->view.policy], "pollers", list);
}

static char *pollers_json(const struct report *r)
{
	json_t *list = json_array(), *last = json_null();

	if (*r->refused_last != '\0')
		last = json_string(r->refused_last);
	for (size_t i = 0; i < r->n; i++)
		paper_add(&list, report_pollers_json(r, &r->servers[i]));
	return paper_json(
		json_pack("{si so so sI so}", "version", JSON_VERSION, "time",
			paper_time(r->now.s), "servers", list, "refused_polls",
			(json_int_t)r->refused, "refused_last", last),
		JSON_INDENT(1));
}

char *report_pollers(const struct report *r)
{
	return (r->flags & COMMAND_JSON) != 0 ? pollers_json(r)
					      : pollers_text(r);
}
