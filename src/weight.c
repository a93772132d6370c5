#include "weight.h"

#include <string.h>

static void follow_load(struct load *l, const struct weight_rules *rules,
	const struct weight_facts *f, uint64_t now_ms)
{
	switch (rules->mode == WEIGHT_JRUBY ? f->verdict : VERDICT_NONE) {
	case VERDICT_UP:
	case VERDICT_STOPPING:
		load_probe(l, rules->min, f->probed, now_ms);
		break;
	case VERDICT_BUSY:
		load_busy(l, rules->min, now_ms);
		break;
	default:
		memset(l, 0, sizeof(*l));
		break;
	}
}

void weight_probe(struct weight *w, const struct weight_rules *rules,
	const struct weight_facts *f, uint64_t now_ms)
{
	follow_load(&w->load, rules, f, now_ms);
	ramp_follow(&w->ramp, rules->ramp_ms, f->verdict, f->place, f->probed,
		now_ms);
}

/* The rules may have changed since the last probe. */
static unsigned load_limit(
	const struct load *l, const struct weight_rules *rules)
{
	if (rules->mode == WEIGHT_FIXED || l->why == LOAD_UNKNOWN)
		return 100;
	return l->percent < rules->min ? rules->min : l->percent;
}

void weight_now(struct weight_now *out, const struct weight *w,
	const struct weight_rules *rules, uint64_t now_ms)
{
	const char *const why[WEIGHT_LIMITS] = {
		[WEIGHT_LOAD] = load_why_text(w->load.why),
		[WEIGHT_RAMP] = "ramp after coming back",
		[WEIGHT_BUILT] = "JRubies are still being built",
	};

	memset(out, 0, sizeof(*out));
	out->limits[WEIGHT_LOAD] = load_limit(&w->load, rules);
	out->limits[WEIGHT_RAMP] =
		ramp_percent(&w->ramp, rules->ramp_ms, rules->min, now_ms);
	out->limits[WEIGHT_BUILT] = ramp_built(&w->ramp, rules->min);
	out->percent = 100;
	out->why = "";
	for (unsigned i = 0; i < WEIGHT_LIMITS; i++) {
		if (out->limits[i] >= out->percent)
			continue;
		out->percent = out->limits[i];
		out->why = why[i];
		out->course = i != WEIGHT_LOAD || w->load.why == LOAD_DEMAND
			? WEIGHT_GLIDES
			: WEIGHT_RESTS;
	}
}

int weight_wants_figures(const struct weight_rules *rules)
{
	return rules->mode == WEIGHT_JRUBY || rules->ramp_ms > 0;
}

const char *weight_limit_name(enum weight_limit limit)
{
	static const char *const names[] = {
		[WEIGHT_LOAD] = "load",
		[WEIGHT_RAMP] = "ramp",
		[WEIGHT_BUILT] = "JRubies",
	};

	return names[limit];
}
