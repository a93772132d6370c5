#include "report.h"

#include <string.h>

#include "paper.h"
#include "text.h"

enum {
	NAME_WIDTH_MAX = 36, /* a longer one gets a line of its own */
	POLLED_WIDTH = 10,
	MEASURED_WIDTH = 16,
	WARNED_S = 24 * 3600, /* then it is taken for gone */
	REPLY_WIDTH_MIN = 20,
};

/* --- what both forms need --- */

static int64_t last_poll_s(const struct pollers *p)
{
	int64_t last_s = 0;

	for (size_t i = 0; i < p->n; i++)
		if (p->list[i].last_s > last_s)
			last_s = p->list[i].last_s;
	return last_s;
}

int report_warning(const struct report *r, const struct report_server *s,
	size_t i, char text[REPORT_WARNING_MAX])
{
	const struct pollers *p = s->view.pollers;
	char host[ADDR_TEXT_MAX], age[PAPER_TIME_MAX];

	if (p->nobody) {
		text_format(text, REPORT_WARNING_MAX,
			"no HAProxy has polled since usherd started");
		return i == 0;
	}
	for (size_t k = 0; k < p->n; k++) {
		const struct poller *q = &p->list[k];

		if (!q->silent || r->now.s - q->last_s > WARNED_S || i-- > 0)
			continue;
		addr_host_show(host, &q->host);
		paper_age(age, r->now.s - q->last_s);
		text_format(text, REPORT_WARNING_MAX,
			"%s has not polled for %s (3 of its intervals, or "
			"more)",
			host, age);
		return 1;
	}
	return 0;
}

void report_order(
	char dst[REPORT_ORDER_MAX], const struct order *o, int64_t now_s)
{
	char age[PAPER_TIME_MAX], left[PAPER_TIME_MAX], percent[8] = "";
	size_t used;

	paper_age(age, now_s - o->since_s);
	if (o->kind == ORDER_WEIGHT || o->kind == ORDER_CANARY)
		text_format(percent, sizeof(percent), " %u%%", o->percent);
	used = text_format(dst, REPORT_ORDER_MAX, "%s%s by %s for %s",
		order_name(o->kind), percent, o->who, age);
	if (o->until_s != 0) {
		paper_age(left, o->until_s - now_s);
		used += text_format(dst + used, REPORT_ORDER_MAX - used,
			", ends in %s", left);
	}
	if (o->keeping == ORDER_VOLATILE)
		used += text_format(
			dst + used, REPORT_ORDER_MAX - used, ", not on disk");
	if (o->left)
		used += text_format(dst + used, REPORT_ORDER_MAX - used,
			", the server has gone");
	text_format(dst + used, REPORT_ORDER_MAX - used, "%s%s",
		*o->why != '\0' ? ": " : "", o->why);
}

unsigned report_weight(const struct report_server *s)
{
	return answer_weight(s->orders, s->view.weight.percent);
}

/* --- text --- */

/* Red is what was measured, yellow what was ordered. */
static const char *color_of(const struct report_server *s)
{
	const struct orders *o = s->orders;

	if (s->view.verdict != VERDICT_UP && s->view.verdict != VERDICT_BUSY &&
		o->state.kind != ORDER_UP)
		return "31";
	if (o->state.kind != ORDER_NONE || o->ceiling.kind != ORDER_NONE ||
		o->hold.kind != ORDER_NONE || s->view.verdict == VERDICT_BUSY)
		return "33";
	return "32";
}

/* The row, with as much of the reply as fits; `explain` shows the whole. */
static void print_row(struct paper *p, const struct report *r,
	const struct report_server *s, int width)
{
	char age[PAPER_TIME_MAX], measured[PAPER_TIME_MAX + 32];
	char polled[PAPER_TIME_MAX + 8] = "never";
	int64_t last_s = last_poll_s(s->view.pollers);
	const char *name = s->name;
	int room = (int)p->width;

	paper_age(age, (int64_t)(s->view.verdict_ms / 1000));
	text_format(measured, sizeof(measured), "%s for %s",
		verdict_name(s->view.verdict), age);
	if (last_s != 0) {
		paper_age(age, r->now.s - last_s);
		text_format(polled, sizeof(polled), "%s ago", age);
	}
	if ((int)strlen(name) > width) {
		paper_line(p, 0, "%s", name);
		name = "";
	}
	room -= fprintf(p->out, "%-*s  %-*s  %-*s  ", width, name,
		MEASURED_WIDTH, measured, POLLED_WIDTH, polled);
	if (room < REPLY_WIDTH_MIN)
		room = REPLY_WIDTH_MIN;
	if ((r->flags & COMMAND_COLOR) != 0)
		fprintf(p->out, "\033[%sm%.*s\033[0m\n", color_of(s), room,
			s->view.reply);
	else
		fprintf(p->out, "%.*s\n", room, s->view.reply);
}

static void print_probe(struct paper *p, const struct probed *last)
{
	if (last->number == 0)
		paper_line(p, 4, "last probe: no probe has ended yet");
	else if (last->outcome != OUTCOME_OK)
		paper_line(p, 4, "last probe: %s%s%s%s",
			outcome_sentence(last->outcome),
			*last->detail != '\0' ? " (" : "", last->detail,
			*last->detail != '\0' ? ")" : "");
}

static void print_server(struct paper *p, const struct report *r,
	const struct report_server *s, int width)
{
	const struct order *orders[ORDER_SLOTS] = { &s->orders->state,
		&s->orders->ceiling, &s->orders->hold };
	char text[REPORT_ORDER_MAX], warning[REPORT_WARNING_MAX];
	char canary[REPORT_CANARY_MAX];

	print_row(p, r, s, width);
	print_probe(p, s->view.probed);
	for (size_t i = 0; i < ORDER_SLOTS; i++) {
		if (orders[i]->kind == ORDER_NONE)
			continue;
		report_order(text, orders[i], r->now.s);
		paper_line(p, 4, "%s", text);
	}
	if (report_canary(canary, r, s))
		paper_line(p, 4, "%s", canary);
	for (size_t i = 0; report_warning(r, s, i, warning); i++)
		paper_line(p, 4, "warning: %s", warning);
}

static int name_width(const struct report *r)
{
	int width = (int)strlen("SERVER");

	for (size_t i = 0; i < r->n; i++) {
		int len = (int)strlen(r->servers[i].name);

		if (len > width && len <= NAME_WIDTH_MAX)
			width = len;
	}
	return width;
}

static char *status_text(const struct report *r)
{
	int width = name_width(r);
	struct paper p;

	if (paper_open(&p, r->width) != 0)
		return NULL;
	if (*r->problem != '\0')
		paper_line(&p, 0, "warning: %s", r->problem);
	if (r->refused > 0)
		paper_line(&p, 0,
			"warning: %llu polls refused from outside allow, the "
			"last from %s",
			(unsigned long long)r->refused, r->refused_last);
	fprintf(p.out, "%-*s  %-*s  %-*s  %s\n", width, "SERVER",
		MEASURED_WIDTH, "MEASURED", POLLED_WIDTH, "POLLED",
		"HAPROXY IS TOLD");
	for (size_t i = 0; i < r->n; i++)
		print_server(&p, r, &r->servers[i], width);
	return paper_close(&p);
}

/* --- JSON --- */

json_t *report_order_json(const struct order *o)
{
	json_t *percent = json_null();

	if (o->kind == ORDER_NONE)
		return json_null();
	if (o->kind == ORDER_WEIGHT || o->kind == ORDER_CANARY)
		percent = json_integer(o->percent);
	return json_pack("{ss so ss ss so so sb}", "order", order_name(o->kind),
		"percent", percent, "by", o->who, "reason", o->why, "since",
		paper_time(o->since_s), "until", paper_time(o->until_s),
		"durable", o->keeping == ORDER_DURABLE);
}

static json_t *server_json(
	const struct report *r, const struct report_server *s)
{
	const struct probed *last = s->view.probed;
	int in_service = standing_in_service(&s->view, s->orders);
	json_t *warnings = json_array();
	char warning[REPORT_WARNING_MAX];

	for (size_t i = 0; report_warning(r, s, i, warning); i++)
		paper_add(&warnings, json_string(warning));
	return json_pack("{ss sb ss sI ss ss ss ss so so so so so so si}",
		"name", s->name, "in_service", in_service, "verdict",
		verdict_name(s->view.verdict), "verdict_age_ms",
		(json_int_t)s->view.verdict_ms, "probe",
		last->number > 0 ? outcome_word(last->outcome) : "none",
		"probe_text",
		last->number > 0 ? outcome_sentence(last->outcome)
				 : "no probe has ended yet",
		"probe_detail", last->detail, "reply", s->view.reply, "state",
		report_order_json(&s->orders->state), "ceiling",
		report_order_json(&s->orders->ceiling), "hold",
		report_order_json(&s->orders->hold), "last_poll",
		paper_time(last_poll_s(s->view.pollers)), "warnings", warnings,
		"canary", report_canary_json(r, s), "weight",
		(int)report_weight(s));
}

static char *status_json(const struct report *r)
{
	json_t *list = json_array(), *warnings = json_array(), *root;

	for (size_t i = 0; i < r->n; i++)
		paper_add(&list, server_json(r, &r->servers[i]));
	if (*r->problem != '\0')
		paper_add(&warnings, json_string(r->problem));
	if (r->refused > 0)
		paper_add(&warnings,
			json_sprintf("%llu polls refused from outside allow, "
				     "the last from %s",
				(unsigned long long)r->refused,
				r->refused_last));
	root = json_pack("{si so so ss so}", "version", JSON_VERSION, "time",
		paper_time(r->now.s), "servers", list, "problem", r->problem,
		"warnings", warnings);
	return paper_json(root, JSON_INDENT(1));
}

char *report_status(const struct report *r)
{
	return (r->flags & COMMAND_JSON) != 0 ? status_json(r) : status_text(r);
}
