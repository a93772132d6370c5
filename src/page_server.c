/* One server on the page. */
#include "page.h"

#include <string.h>

#include "chart.h"
#include "html.h"
#include "paper.h"
#include "text.h"

enum {
	POLLERS_MAX = 8,            /* that are listed */
	CERTIFICATE_S = 30 * 86400, /* when its end is worth a word */
};

/* --- its state in a word or two --- */

struct state {
	const char *class;
	char words[48];
};

static const char *out_words(const struct report_server *s)
{
	if (s->orders->state.kind == ORDER_DOWN)
		return "down";
	switch (s->view.verdict) {
	case VERDICT_DOWN:
		return "not there yet";
	case VERDICT_FAIL:
		return "failing";
	default:
		return "weight 0%";
	}
}

static const char *words_of(const struct report_server *s)
{
	switch (s->view.lines[ANSWER_WITH_READY].told) {
	case ANSWER_NOTHING:
		return "no verdict yet";
	case ANSWER_IN:
		return "in service";
	case ANSWER_DRAIN:
		return s->orders->state.kind == ORDER_NONE &&
				s->orders->hold.kind == ORDER_NONE
			? "stopping"
			: "drained";
	case ANSWER_MAINT:
		return "maintenance";
	default:
		return out_words(s);
	}
}

static const char *class_of(const struct report_server *s)
{
	const struct orders *o = s->orders;

	if (s->view.verdict == VERDICT_NONE && o->state.kind == ORDER_NONE)
		return "none";
	if (s->view.verdict != VERDICT_UP && s->view.verdict != VERDICT_BUSY &&
		o->state.kind != ORDER_UP)
		return "bad";
	if (o->state.kind != ORDER_NONE || o->ceiling.kind != ORDER_NONE ||
		o->hold.kind != ORDER_NONE || s->view.verdict == VERDICT_BUSY)
		return "hint";
	return "good";
}

static struct state state_of(const struct report_server *s)
{
	const char *words = words_of(s);
	struct state state = { .class = class_of(s) };
	unsigned weight = report_weight(s);

	if (strcmp(words, "in service") != 0 || weight == 100)
		text_format(state.words, sizeof(state.words), "%s", words);
	else
		text_format(state.words, sizeof(state.words), "%s, %u%%", words,
			weight);
	if (strcmp(words, "in service") == 0 && s->view.verdict == VERDICT_BUSY)
		text_format(state.words, sizeof(state.words), "busy");
	return state;
}

/* --- facts --- */

static void begin(FILE *out, const char *term)
{
	fprintf(out, "<dt>%s</dt><dd>", term);
}

static void end(FILE *out)
{
	fputs("</dd>\n", out);
}

static void write_reply(FILE *out, const struct report_server *s)
{
	begin(out, "HAProxy is told");
	fputs("<code>", out);
	html_text(out, s->view.reply);
	fputs("</code>", out);
	end(out);
}

static void write_measured(
	FILE *out, const struct report *r, const struct report_server *s)
{
	const struct probed *last = s->view.probed;
	char age[PAPER_TIME_MAX];

	paper_age(age, (int64_t)(s->view.verdict_ms / 1000));
	begin(out, "Measured");
	html_format(out, "%s for %s", verdict_name(s->view.verdict), age);
	end(out);
	begin(out, "Last probe");
	if (last->number == 0) {
		fputs("none has ended yet", out);
	} else {
		paper_age(age, r->now.s - last->ended_s);
		html_text(out,
			last->outcome == OUTCOME_OK
				? "ok"
				: outcome_sentence(last->outcome));
		if (last->outcome != OUTCOME_OK && *last->detail != '\0')
			html_format(out, " (%s)", last->detail);
		html_format(out, ", %s ago, %llu ms", age,
			(unsigned long long)last->total_ms);
	}
	end(out);
}

static void write_certificate(
	FILE *out, const struct report *r, const struct report_server *s)
{
	int64_t end_s = s->view.tally->cert_not_after_s;
	char left[PAPER_TIME_MAX];

	if (end_s == 0 || end_s - r->now.s > CERTIFICATE_S)
		return;
	paper_age(left, end_s - r->now.s);
	begin(out, "Certificate");
	fputs("<span class=\"warn\">", out);
	if (end_s > r->now.s)
		fprintf(out, "ends in %s", left);
	else
		fputs("has ended", out);
	fputs("</span>", out);
	end(out);
}

static void write_orders(
	FILE *out, const struct report *r, const struct report_server *s)
{
	const struct order *orders[ORDER_SLOTS] = { &s->orders->state,
		&s->orders->ceiling, &s->orders->hold };
	char text[REPORT_ORDER_MAX], canary[REPORT_CANARY_MAX];

	for (size_t i = 0; i < ORDER_SLOTS; i++) {
		if (orders[i]->kind == ORDER_NONE)
			continue;
		report_order(text, orders[i], r->now.s);
		begin(out, "Order");
		html_text(out, text);
		end(out);
	}
	if (report_canary(canary, r, s)) {
		begin(out, "Canary");
		html_text(out, canary);
		end(out);
	}
}

static void write_poller(FILE *out, const struct report *r,
	const struct pollers *all, const struct poller *p)
{
	char host[ADDR_TEXT_MAX], age[PAPER_TIME_MAX];

	addr_host_show(host, &p->host);
	fputs("<li><span class=\"mono\">", out);
	html_text(out, host);
	fputs("</span> ", out);
	if (p->last_s == 0) {
		fputs("has not asked yet", out);
	} else {
		paper_age(age, r->now.s - p->last_s);
		html_format(out, "%s, %s ago", answer_told_name(p->told), age);
	}
	if (poller_owed(all, p))
		fputs(", ready is owed", out);
	if (p->silent)
		fputs(", <span class=\"warn\">asks no more</span>", out);
	fputs("</li>", out);
}

static void write_pollers(
	FILE *out, const struct report *r, const struct pollers *all)
{
	char age[PAPER_TIME_MAX];

	begin(out, "HAProxies");
	if (all->n == 0)
		fputs(all->nobody ? "<span class=\"warn\">none has asked since "
				    "usherd started</span>"
				  : "none yet",
			out);
	else
		fputs("<ul>", out);
	for (size_t i = 0; i < all->n && i < POLLERS_MAX; i++)
		write_poller(out, r, all, &all->list[i]);
	if (all->n > POLLERS_MAX)
		fprintf(out, "<li>and %zu more</li>", all->n - POLLERS_MAX);
	if (all->n > 0)
		fputs("</ul>", out);
	end(out);
	if (all->checked_s == 0)
		return;
	paper_age(age, r->now.s - all->checked_s);
	begin(out, "Health check");
	html_format(out, "over HTTP, %s ago", age);
	end(out);
}

/* --- the last hour --- */

static void write_keys(FILE *out, const struct report_server *s)
{
	const struct probed *last = s->view.probed;
	const enum answer_told told = s->view.lines[ANSWER_WITH_READY].told;
	const struct jruby *j = &last->jruby;

	fputs("<figcaption><span class=\"key k-w\">weight", out);
	if (told != ANSWER_NOTHING)
		fprintf(out, " %u%%", told == ANSWER_IN ? report_weight(s) : 0);
	fputs("</span>", out);
	if (last->figures == PROBED_FIGURES)
		fprintf(out,
			"<span class=\"key k-r\">%u of %u JRubies lent</span>"
			"<span class=\"key k-q\">%u waiting</span>",
			j->borrowed, j->jrubies, j->waiting);
	fputs("</figcaption>", out);
}

void page_server(
	FILE *out, const struct report *r, const struct report_server *s)
{
	struct state state = state_of(s);

	fprintf(out, "<article class=\"%s\" id=\"", state.class);
	html_text(out, s->name);
	fputs("\">\n<div class=\"top\"><h2>", out);
	html_text(out, s->name);
	fputs("</h2><span class=\"pill\">", out);
	html_text(out, state.words);
	fputs("</span></div>\n<dl>\n", out);
	write_reply(out, s);
	write_measured(out, r, s);
	write_certificate(out, r, s);
	write_orders(out, r, s);
	write_pollers(out, r, s->view.pollers);
	fputs("</dl>\n<figure>", out);
	write_keys(out, s);
	chart_write(out, s->view.trail, r->now.ms);
	fputs("</figure>\n</article>\n", out);
}
