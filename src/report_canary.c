#include "report.h"

#include "paper.h"
#include "text.h"

static unsigned next_of(const struct order *canary)
{
	return canary->steps[canary->step + 1];
}

static struct canary_facts facts_of(const struct report_server *s)
{
	return (struct canary_facts){ s->view.verdict, s->orders,
		s->view.probed };
}

/* A step that a person gives has no time; nor has one that has not begun. */
static void say_when(char dst[REPORT_CANARY_MAX], const struct report_server *s,
	const struct report *r)
{
	const struct order *o = &s->orders->ceiling;
	const struct canary *c = s->view.canary;
	const struct canary_facts facts = facts_of(s);
	char clause[CANARY_TEXT_MAX], left[PAPER_TIME_MAX];

	if (o->every_s == 0) {
		text_format(dst, REPORT_CANARY_MAX,
			"next step: %u%%, with `canary --next`", next_of(o));
	} else if (c->held && canary_objection(clause, &facts)) {
		text_format(dst, REPORT_CANARY_MAX,
			"next step: %u%% is due, but %s", next_of(o), clause);
	} else {
		paper_age(left,
			(int64_t)(canary_left_ms(c, o, r->now.ms) / 1000));
		text_format(dst, REPORT_CANARY_MAX, "next step: %u%%, %s %s",
			next_of(o), c->from_ms != 0 ? "in" : "in service for",
			left);
	}
}

int report_canary(char dst[REPORT_CANARY_MAX], const struct report *r,
	const struct report_server *s)
{
	const struct order *o = &s->orders->ceiling;

	if (o->kind != ORDER_CANARY)
		return 0;
	if (o->step + 1 < o->n_steps)
		say_when(dst, s, r);
	else
		text_format(dst, REPORT_CANARY_MAX,
			"the last step: it stays until `auto`");
	return 1;
}

json_t *report_canary_json(
	const struct report *r, const struct report_server *s)
{
	const struct order *o = &s->orders->ceiling;
	const struct canary_facts facts = facts_of(s);
	json_t *steps, *left = json_null(), *held = json_null();
	char clause[CANARY_TEXT_MAX];

	if (o->kind != ORDER_CANARY)
		return json_null();
	steps = json_array();
	for (unsigned i = 0; i < o->n_steps; i++)
		paper_add(&steps, json_integer(o->steps[i]));
	if (s->view.canary->from_ms != 0 && o->step + 1 < o->n_steps)
		left = json_integer((json_int_t)canary_left_ms(
			s->view.canary, o, r->now.ms));
	if (canary_objection(clause, &facts))
		held = json_string(clause);
	return json_pack("{so si sI so so}", "steps", steps, "step",
		(int)o->step + 1, "every_ms", (json_int_t)o->every_s * 1000,
		"next_in_ms", left, "objection", held);
}
