#include "watch.h"

#include <stddef.h>

static const struct health_rules health_rules = { .rise = 2,
	.fall = 3,
	.busy_limit_ms = 10 * 1000,
	.stale_ms = 3 * (WATCH_INTERVAL_MS + WATCH_TIMEOUT_MS) };

/* No clock that usher reads is ever at 0. */
static uint64_t clock_of(uint64_t now_ms)
{
	return now_ms + 1000;
}

void watch_probe(struct watch *w, const struct weight_rules *rules,
	enum outcome outcome, const struct jruby *figures, uint64_t now_ms)
{
	struct weight_facts facts = { .place = RAMP_LET_IN,
		.probed = &w->probed };

	w->probed.outcome = outcome;
	w->probed.figures = PROBED_NOT_ASKED;
	if (figures != NULL && weight_wants_figures(rules)) {
		w->probed.figures = PROBED_FIGURES;
		w->probed.jruby = *figures;
	}
	health_probe(&w->health, &health_rules, outcome, clock_of(now_ms));
	facts.verdict = w->health.verdict;
	weight_probe(&w->weight, rules, &facts, clock_of(now_ms));
}

uint64_t watch_pause_ms(const struct watch *w)
{
	return health_pace(&w->health) == HEALTH_CHANGING ? WATCH_FAST_MS
							  : WATCH_INTERVAL_MS;
}

void watch_answer(struct watch *w, const struct weight_rules *rules,
	struct answer *answer, uint64_t now_ms)
{
	static const struct orders none;
	struct weight_now weight;
	struct answer_facts facts = { .orders = &none };

	health_advance(&w->health, &health_rules, clock_of(now_ms));
	weight_now(&weight, &w->weight, rules, clock_of(now_ms));
	facts.verdict = w->health.verdict;
	facts.because = w->health.because;
	facts.automatic = weight.percent;
	facts.why = weight.why;
	answer_make(answer, &facts, ANSWER_WITHOUT_READY);
}
