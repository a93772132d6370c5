/* What others ask of a standing. */
#include "standing.h"

#include <string.h>
#include <time.h>

#include "clock.h"
#include "text.h"

const char *standing_usual_line(const struct standing *s)
{
	static const enum answer_form forms[] = {
		[POLLER_AUTO] = ANSWER_WITHOUT_READY,
		[POLLER_ALWAYS] = ANSWER_WITH_READY,
		[POLLER_NEVER] = ANSWER_WITHOUT_ADMIN,
	};

	return s->lines[forms[s->policy]].text;
}

int standing_lacks_figures(const struct standing *s)
{
	return s->orders.ceiling.kind == ORDER_CANARY &&
		s->last.figures == PROBED_NOT_ASKED &&
		s->last.ended_s <= s->orders.ceiling.since_s;
}

void standing_look(struct standing *s, struct standing_view *v)
{
	const char *line;

	standing_refresh(s);
	line = standing_usual_line(s);
	*v = (struct standing_view){ .verdict = s->health.verdict,
		.verdict_ms = s->health.since_ms > 0
			? clock_now_ms() - s->health.since_ms
			: 0,
		.probed = &s->last,
		.idle = &s->idle,
		.canary = &s->canary,
		.pollers = &s->pollers,
		.policy = s->policy,
		.lines = s->lines,
		.endings = s->endings,
		.n_endings = s->n_endings,
		.tally = &s->tally,
		.trail = &s->trail };
	text_format(v->reply, sizeof(v->reply), "%.*s",
		(int)strcspn(line, "\n"), line);
	weight_now(&v->weight, &s->weight, &s->rules.weight, clock_now_ms());
}

/*
 * All live pollers have been given back, and time has been given to those that
 * nobody knows.
 */
int standing_released(const struct standing *s)
{
	const struct poller_time now = { clock_now_ms(), time(NULL) };

	if (s->orders.state.kind != ORDER_RELEASE ||
		now.ms - s->released_ms < POLLER_PAY_MS)
		return 0;
	for (size_t i = 0; i < s->pollers.n; i++)
		if (s->pollers.list[i].taken &&
			poller_live(&s->pollers.list[i], now))
			return 0;
	return 1;
}

struct wait_facts standing_wait_facts(struct standing *s)
{
	standing_refresh(s);
	return (struct wait_facts){ .pollers = &s->pollers,
		.saying = s->lines[ANSWER_WITH_READY].told,
		.verdict = s->health.verdict,
		.ordered_out = order_keeps_out(&s->orders),
		.releasing = s->orders.state.kind == ORDER_RELEASE,
		.released = standing_released(s),
		.idle = &s->idle };
}

int standing_in_service(
	const struct standing_view *v, const struct orders *orders)
{
	if (orders->hold.kind != ORDER_NONE ||
		(orders->ceiling.kind != ORDER_NONE &&
			orders->ceiling.percent == 0))
		return 0;
	if (orders->state.kind != ORDER_NONE)
		return orders->state.kind == ORDER_UP ||
			orders->state.kind == ORDER_RELEASE;
	return v->verdict == VERDICT_UP || v->verdict == VERDICT_BUSY;
}
