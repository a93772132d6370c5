#include "ramp.h"

#include <string.h>

/* Without figures nothing is known, and then the JRubies are no limit. */
static unsigned built_of(const struct probed *p)
{
	const struct jruby *j = &p->jruby;
	unsigned exist = j->free + j->borrowed;

	if (p->figures != PROBED_FIGURES || exist >= j->jrubies)
		return 100;
	return (unsigned)((uint64_t)exist * 100 / j->jrubies);
}

static void turn(
	struct ramp *r, uint64_t ramp_ms, enum verdict verdict, uint64_t now_ms)
{
	switch (verdict) {
	case VERDICT_DOWN:
	case VERDICT_FAIL:
	case VERDICT_STOPPING:
		*r = (struct ramp){ .out = true };
		break;
	case VERDICT_UP:
		if (r->out && ramp_ms > 0)
			r->from_ms = now_ms;
		r->out = false;
		break;
	default:
		break;
	}
}

void ramp_follow(struct ramp *r, uint64_t ramp_ms, enum verdict verdict,
	enum ramp_place place, const struct probed *p, uint64_t now_ms)
{
	turn(r, ramp_ms, verdict, now_ms);
	if (r->from_ms == 0)
		return;
	if (place == RAMP_KEPT_OUT)
		r->from_ms = now_ms;
	r->built = built_of(p);
	if (now_ms - r->from_ms >= ramp_ms && r->built == 100)
		r->from_ms = 0;
}

unsigned ramp_percent(
	const struct ramp *r, uint64_t ramp_ms, unsigned min, uint64_t now_ms)
{
	uint64_t past_ms = now_ms - r->from_ms;

	if (r->from_ms == 0 || past_ms >= ramp_ms)
		return 100;
	return min + (unsigned)((100 - min) * past_ms / ramp_ms);
}

unsigned ramp_built(const struct ramp *r, unsigned min)
{
	if (r->from_ms == 0)
		return 100;
	return r->built < min ? min : r->built;
}
