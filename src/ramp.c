#include "ramp.h"

enum { MISSING_PROBES = 3 }; /* without figures the last share holds so long */

static void look(struct ramp *r, const struct probed *p)
{
	const struct jruby *j = &p->jruby;
	uint64_t exist = (uint64_t)j->free + j->borrowed;

	if (p->figures == PROBED_FIGURES) {
		r->missed = 0;
		r->built = exist < j->jrubies
			? (unsigned)(exist * 100 / j->jrubies)
			: 100;
	} else if (r->missed++ >= MISSING_PROBES) {
		r->built = 100;
	}
}

void ramp_see(struct ramp *r, enum verdict verdict)
{
	switch (verdict) {
	case VERDICT_DOWN:
	case VERDICT_FAIL:
	case VERDICT_STOPPING:
		*r = (struct ramp){ .out = true };
		break;
	default:
		break;
	}
}

void ramp_follow(struct ramp *r, uint64_t ramp_ms, enum verdict verdict,
	enum ramp_place place, const struct probed *p, uint64_t now_ms)
{
	ramp_see(r, verdict);
	if (r->out && verdict == VERDICT_UP)
		*r = (struct ramp){ .from_ms = ramp_ms > 0 ? now_ms : 0 };
	if (r->from_ms == 0)
		return;
	if (place == RAMP_KEPT_OUT)
		r->from_ms = now_ms;
	look(r, p);
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
