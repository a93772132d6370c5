#include "canary.h"

#include <string.h>

#include "text.h"

/* A plan that goes on by itself, and has somewhere to go. */
static bool goes_by_itself(const struct order *o)
{
	return o->kind == ORDER_CANARY && o->every_s > 0 &&
		o->step + 1 < o->n_steps;
}

static bool let_in(const struct canary_facts *f)
{
	return (f->verdict == VERDICT_UP || f->verdict == VERDICT_BUSY) &&
		!order_keeps_out(f->orders);
}

enum canary_event canary_follow(
	struct canary *c, const struct canary_facts *f, uint64_t now_ms)
{
	char clause[CANARY_TEXT_MAX];
	bool was_held = c->held;

	c->held = false;
	if (!goes_by_itself(&f->orders->ceiling) || !let_in(f)) {
		c->from_ms = 0;
		return CANARY_WAITS;
	}
	if (c->from_ms == 0)
		c->from_ms = now_ms;
	if (canary_left_ms(c, &f->orders->ceiling, now_ms) > 0)
		return CANARY_WAITS;
	if (!canary_objection(clause, f)) {
		c->from_ms = now_ms;
		return CANARY_GOES_ON;
	}
	c->held = true;
	return was_held ? CANARY_WAITS : CANARY_HELD;
}

uint64_t canary_left_ms(
	const struct canary *c, const struct order *o, uint64_t now_ms)
{
	uint64_t every_ms = (uint64_t)o->every_s * 1000;
	uint64_t past_ms = c->from_ms != 0 ? now_ms - c->from_ms : 0;

	if (!goes_by_itself(o))
		return UINT64_MAX;
	return past_ms < every_ms ? every_ms - past_ms : 0;
}

int canary_objection(char clause[CANARY_TEXT_MAX], const struct canary_facts *f)
{
	const struct probed *p = f->probed;

	if (order_keeps_out(f->orders))
		text_format(clause, CANARY_TEXT_MAX,
			"an order keeps the server out of service");
	else if (f->verdict != VERDICT_UP)
		text_format(clause, CANARY_TEXT_MAX, "the server is %s",
			f->verdict == VERDICT_BUSY ? "busy" : "not in service");
	else if (p->figures != PROBED_FIGURES)
		text_format(clause, CANARY_TEXT_MAX,
			"the last probe has not seen how busy it is%s%.80s%s",
			*p->figures_detail != '\0' ? " (" : "",
			p->figures_detail,
			*p->figures_detail != '\0' ? ")" : "");
	else if (p->jruby.waiting > 0)
		text_format(clause, CANARY_TEXT_MAX, "%u request%s for a JRuby",
			p->jruby.waiting,
			p->jruby.waiting == 1 ? " waits" : "s wait");
	else
		return 0;
	return 1;
}
