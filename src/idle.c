#include "idle.h"

#include <string.h>

static void take_figures(struct idle *i, const struct jruby *j, uint64_t now_ms)
{
	bool busy = j->borrowed > 0 || j->waiting > 0 ||
		(i->counted && j->borrow_count != i->borrow_count);

	i->sight = IDLE_SEEN;
	i->missed = 0;
	i->running = j->borrowed;
	i->waiting = j->waiting;
	i->counted = true;
	i->borrow_count = j->borrow_count;
	if (busy)
		i->since_ms = 0;
	else if (i->since_ms == 0)
		i->since_ms = now_ms;
	i->seen_ms = now_ms;
}

/* Too slow is no sign of a server that gives none: it is busy. */
static bool shows_none(const struct probed *p)
{
	switch (p->outcome) {
	case OUTCOME_BUSY:
	case OUTCOME_INTERNAL:
		return false;
	default:
		return p->figures == PROBED_NOT_ASKED ||
			p->figures == PROBED_NO_FIGURES;
	}
}

static void miss(struct idle *i, uint64_t now_ms)
{
	if (++i->missed < IDLE_BLIND_PROBES)
		return;
	if (i->sight != IDLE_BLIND)
		i->blind_ms = now_ms;
	i->sight = IDLE_BLIND;
}

void idle_probe(struct idle *i, const struct probed *p, uint64_t now_ms)
{
	bool was_closed = i->sight == IDLE_CLOSED;

	if (p->figures == PROBED_FIGURES) {
		/* What it did before it was closed is over. */
		if (was_closed)
			memset(i, 0, sizeof(*i));
		take_figures(i, &p->jruby, now_ms);
	} else if (outcome_closed(p->outcome)) {
		if (!was_closed)
			*i = (struct idle){ .sight = IDLE_CLOSED,
				.since_ms = now_ms };
		i->seen_ms = now_ms;
	} else {
		if (was_closed)
			memset(i, 0, sizeof(*i));
		i->since_ms = 0;
		if (shows_none(p))
			miss(i, now_ms);
	}
}

void idle_unprobed(struct idle *i, uint64_t now_ms)
{
	i->since_ms = 0;
	miss(i, now_ms);
}
