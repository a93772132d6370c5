#include "load.h"

/* 1 is exactly full. */
static double demand_of(const struct jruby *j)
{
	return (double)(j->borrowed + j->waiting) / (double)j->jrubies;
}

static double worth_of(double demand)
{
	if (demand <= 1)
		return 100 - (100 - LOAD_FULL) * demand;
	return LOAD_FULL / demand;
}

/* The first order lag of LOAD_SMOOTH_MS, stable however far apart they are. */
static void smooth(struct load *l, double worth, uint64_t now_ms)
{
	double past_ms = (double)(now_ms - l->seen_ms);

	if (l->seen_ms == 0)
		l->smoothed = worth;
	else
		l->smoothed += (worth - l->smoothed) * past_ms /
			(past_ms + LOAD_SMOOTH_MS);
}

/*
 * The multiple of LOAD_STEP that is nearest, once that is a whole step away and
 * clearly so: a value that trembles between two of them changes nothing.
 */
static unsigned step_to(const struct load *l, unsigned min)
{
	const double clearly = LOAD_STEP - 1;
	unsigned nearest =
		(unsigned)(l->smoothed / LOAD_STEP + 0.5) * LOAD_STEP;
	double way = l->smoothed - (double)l->percent;

	if (nearest < min)
		nearest = min;
	if (nearest >= l->percent + LOAD_STEP && way >= clearly)
		return nearest;
	/* A floor above 95% is no whole step below. */
	if (l->percent == min && nearest == 100 && l->smoothed > 99)
		return 100;
	if (nearest + LOAD_STEP <= l->percent && way <= -clearly)
		return nearest;
	return l->percent;
}

/* JRubies that come back count as free, and are not lent. */
static bool looks_locked(const struct jruby *j)
{
	return j->free > 0 && j->oldest_waiter_ms > LOAD_LOCKED_MS &&
		j->lock == JRUBY_LOCK_NONE;
}

static enum load_why judge(struct load *l, const struct jruby *j)
{
	/* From 0 again after a restart. */
	bool sent_away = l->counted && j->queue_limit_hits > l->limit_hits;

	l->counted = true;
	l->limit_hits = j->queue_limit_hits;
	l->locked = looks_locked(j) ? l->locked + 1 : 0;
	if (j->oldest_waiter_ms > LOAD_WAITER_MS)
		return LOAD_WAITER;
	if (sent_away)
		return LOAD_QUEUE_LIMIT;
	return l->locked >= LOAD_LOCKED_PROBES ? LOAD_LOCKED : LOAD_DEMAND;
}

/* From there it climbs. */
static void to_floor(
	struct load *l, unsigned min, enum load_why why, uint64_t now_ms)
{
	l->why = why;
	l->seen_ms = now_ms;
	l->missed = 0;
	l->percent = min;
	l->smoothed = min;
}

static void take_figures(
	struct load *l, unsigned min, const struct jruby *j, uint64_t now_ms)
{
	enum load_why why = judge(l, j);
	bool first = l->why == LOAD_UNKNOWN;

	smooth(l, worth_of(demand_of(j)), now_ms);
	l->seen_ms = now_ms;
	l->missed = 0;
	if (why != LOAD_DEMAND) {
		to_floor(l, min, why, now_ms);
		return;
	}
	l->why = LOAD_DEMAND;
	if (first)
		l->percent = 100;
	if (l->percent < min)
		l->percent = min;
	l->percent = step_to(l, min);
}

int load_blind(const struct load *l)
{
	return l->missed > LOAD_MISSING_PROBES;
}

static void take_none(struct load *l)
{
	l->locked = 0;
	if (load_blind(l) || ++l->missed <= LOAD_MISSING_PROBES)
		return;
	*l = (struct load){ .missed = l->missed };
}

void load_probe(
	struct load *l, unsigned min, const struct probed *p, uint64_t now_ms)
{
	if (p->figures == PROBED_FIGURES && p->jruby.jrubies > 0) {
		take_figures(l, min, &p->jruby, now_ms);
	} else if (p->figures == PROBED_OVERSIZE_FIGURES) {
		to_floor(l, min, LOAD_OVERSIZE, now_ms);
	} else {
		take_none(l);
	}
}

void load_busy(struct load *l, unsigned min, uint64_t now_ms)
{
	to_floor(l, min, LOAD_BUSY, now_ms);
}

const char *load_why_text(enum load_why why)
{
	static const char *const texts[] = {
		[LOAD_UNKNOWN] = "",
		[LOAD_DEMAND] = "load",
		[LOAD_WAITER] = "a request has waited for over 10s",
		[LOAD_QUEUE_LIMIT] = "requests sent away, the queue is full",
		[LOAD_OVERSIZE] = "too many requests wait to be counted",
		[LOAD_LOCKED] = "JRuby pool locked: a stop or a flush",
		[LOAD_BUSY] = "busy",
	};

	return texts[why];
}
