#include "report.h"

#include <string.h>

#include "paper.h"
#include "text.h"

static void print_endings(
	struct paper *p, const struct report *r, const struct standing_view *v)
{
	char line[512] = "", age[PAPER_TIME_MAX];
	size_t used = 0;

	for (size_t i = 0; i < v->n_endings; i++) {
		paper_age(age, r->now.s - v->endings[i].ended_s);
		used += text_format(line + used, sizeof(line) - used,
			"%s%s (%s ago, %llu ms)", i > 0 ? ", " : "",
			outcome_word(v->endings[i].outcome), age,
			(unsigned long long)v->endings[i].total_ms);
	}
	paper_line(p, 2, "probes: %s", used > 0 ? line : "none has ended yet");
	if (v->probed->number == 0)
		return;
	paper_line(p, 2, "the last probe:");
	report_probed(p, v->probed);
}

static void print_order(struct paper *p, const struct report *r,
	const char *slot, const struct order *o)
{
	char text[REPORT_ORDER_MAX] = "none";

	if (o->kind != ORDER_NONE)
		report_order(text, o, r->now.s);
	paper_line(p, 2, "%s: %s", slot, text);
}

static unsigned ceiling_of(const struct orders *o)
{
	return o->ceiling.kind != ORDER_NONE ? o->ceiling.percent : 100;
}

static void print_weight(struct paper *p, const struct report_server *s)
{
	const struct weight_now *w = &s->view.weight;
	char limits[128];
	size_t used = 0;

	for (unsigned i = 0; i < WEIGHT_LIMITS; i++)
		used += text_format(limits + used, sizeof(limits) - used,
			", %s %u%%", weight_limit_name((enum weight_limit)i),
			w->limits[i]);
	paper_line(p, 2, "weight: %u%%, the lowest of: weight order %u%%%s",
		report_weight(s), ceiling_of(s->orders), limits);
	if (*w->why != '\0')
		paper_line(p, 4, "%u%%: %s", w->percent, w->why);
}

/* Without its '\n'. */
static void print_reply(
	struct paper *p, const char *to, const struct answer *line)
{
	fprintf(p->out, "    %-22s  %.*s\n", to, (int)strcspn(line->text, "\n"),
		line->text);
}

static void print_replies(struct paper *p, const struct report_server *s)
{
	const struct answer *lines = s->view.lines;

	paper_line(p, 2, "HAProxy is told:");
	if (s->view.policy == POLLER_NEVER)
		print_reply(p, "usually", &lines[ANSWER_WITHOUT_ADMIN]);
	if (s->view.policy == POLLER_AUTO)
		print_reply(p, "usually", &lines[ANSWER_WITHOUT_READY]);
	if (s->view.policy == POLLER_ALWAYS)
		print_reply(p, "always", &lines[ANSWER_WITH_READY]);
	else if (lines[ANSWER_WITH_READY].ready)
		print_reply(
			p, "where ready is owed", &lines[ANSWER_WITH_READY]);
}

static void print_told(
	struct paper *p, const struct report *r, const struct pollers *pollers)
{
	char host[ADDR_TEXT_MAX], age[PAPER_TIME_MAX];

	paper_line(p, 2, "HAProxies:%s", pollers->n == 0 ? " none yet" : "");
	for (size_t i = 0; i < pollers->n; i++) {
		const struct poller *q = &pollers->list[i];

		addr_host_show(host, &q->host);
		paper_age(age, r->now.s - q->last_s);
		paper_line(p, 4, "%s was told %s, %s ago%s%s", host,
			answer_told_name(q->told), age,
			poller_owed(pollers, q) ? ", ready is owed" : "",
			q->silent ? ", polls no more" : "");
	}
}

static void explain(
	struct paper *p, const struct report *r, const struct report_server *s)
{
	char age[PAPER_TIME_MAX], canary[REPORT_CANARY_MAX];

	paper_age(age, (int64_t)(s->view.verdict_ms / 1000));
	paper_line(p, 0, "%s", s->name);
	paper_line(p, 2, "server: %s, certificate for %s", s->config->address,
		s->config->tls_name);
	print_endings(p, r, &s->view);
	paper_line(
		p, 2, "verdict: %s for %s", verdict_name(s->view.verdict), age);
	print_order(p, r, "state order", &s->orders->state);
	print_order(p, r, "weight order", &s->orders->ceiling);
	if (report_canary(canary, r, s))
		paper_line(p, 4, "%s", canary);
	print_order(p, r, "hold", &s->orders->hold);
	print_weight(p, s);
	print_replies(p, s);
	print_told(p, r, s->view.pollers);
}

static char *explain_text(const struct report *r)
{
	struct paper p;

	if (paper_open(&p, r->width) != 0)
		return NULL;
	for (size_t i = 0; i < r->n; i++)
		explain(&p, r, &r->servers[i]);
	return paper_close(&p);
}

static json_t *endings_json(const struct standing_view *v)
{
	json_t *list = json_array();

	for (size_t i = 0; i < v->n_endings; i++)
		paper_add(&list,
			json_pack("{so ss sI}", "time",
				paper_time(v->endings[i].ended_s), "word",
				outcome_word(v->endings[i].outcome), "total_ms",
				(json_int_t)v->endings[i].total_ms));
	return list;
}

static json_t *limits_json(const struct report_server *s)
{
	json_t *list = json_array();

	paper_add(&list,
		json_pack("{ss si}", "limit", "order", "percent",
			(int)ceiling_of(s->orders)));
	for (unsigned i = 0; i < WEIGHT_LIMITS; i++)
		paper_add(&list,
			json_pack("{ss si}", "limit",
				weight_limit_name((enum weight_limit)i),
				"percent", (int)s->view.weight.limits[i]));
	return list;
}

static json_t *explained_json(
	const struct report *r, const struct report_server *s)
{
	const struct answer *ready = &s->view.lines[ANSWER_WITH_READY];
	json_t *server = report_pollers_json(r, s);
	json_t *more = json_pack("{ss ss so so ss sI so so so si so so ss ss%}",
		"address", s->config->address, "tls_name", s->config->tls_name,
		"probe", report_probed_json(s->view.probed), "last_probes",
		endings_json(&s->view), "verdict",
		verdict_name(s->view.verdict), "verdict_age_ms",
		(json_int_t)s->view.verdict_ms, "state",
		report_order_json(&s->orders->state), "ceiling",
		report_order_json(&s->orders->ceiling), "hold",
		report_order_json(&s->orders->hold), "weight",
		(int)report_weight(s), "limits", limits_json(s), "canary",
		report_canary_json(r, s), "reply", s->view.reply,
		"reply_with_ready", ready->text, ready->len - 1);
	int rc = json_object_update(server, more);

	json_decref(more);
	if (rc == 0)
		return server;
	json_decref(server);
	return NULL;
}

static char *explain_json(const struct report *r)
{
	json_t *list = json_array();

	for (size_t i = 0; i < r->n; i++)
		paper_add(&list, explained_json(r, &r->servers[i]));
	return paper_json(
		json_pack("{si so so}", "version", JSON_VERSION, "time",
			paper_time(r->now.s), "servers", list),
		JSON_INDENT(1));
}

char *report_explain(const struct report *r)
{
	return (r->flags & COMMAND_JSON) != 0 ? explain_json(r)
					      : explain_text(r);
}
