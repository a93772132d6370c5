#ifndef WATCH_H
#define WATCH_H

#include <stdint.h>

#include "answer.h"
#include "health.h"
#include "probed.h"
#include "weight.h"

/*
 * usherd for one server, with its own code and default options: verdict, weight
 * and the line that HAProxy gets.
 */
enum {
	WATCH_INTERVAL_MS = 2000,
	WATCH_FAST_MS = 500,
	WATCH_TIMEOUT_MS = 5000,
};

/* All zero at first. */
struct watch {
	struct health health;
	struct weight weight;
	struct probed probed;
};

/*
 * A probe has ended.  `figures`: what it read of the JRubies; NULL where the
 * outcome is not OK.
 */
void watch_probe(struct watch *w, const struct weight_rules *rules,
	enum outcome outcome, const struct jruby *figures, uint64_t now_ms);

/* How long until the next one begins, without jitter. */
uint64_t watch_pause_ms(const struct watch *w);

/* HAProxy asks. */
void watch_answer(struct watch *w, const struct weight_rules *rules,
	struct answer *answer, uint64_t now_ms);

#endif
