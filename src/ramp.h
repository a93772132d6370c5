#ifndef RAMP_H
#define RAMP_H

#include <stdbool.h>
#include <stdint.h>

#include "health.h"
#include "probed.h"

/*
 * A server that has come back is cold, and has few of its JRubies: it gets its
 * share back over time (`ramp`).  Pure: time is passed in, as clock_now_ms()
 * counts it.
 *
 * Coming back is to be UP after DOWN, FAIL or STOPPING.  A restart of usherd is
 * none, nor is the end of a drain; but a server that came back while an order
 * kept it out begins to warm up when it is let in.
 */
struct ramp {
	bool out;         /* what comes next is a return */
	uint64_t from_ms; /* in service again since; 0: no ramp */
	unsigned built;   /* per cent of its JRubies that exist; 100: unknown */
	unsigned missed;  /* probes without figures, in a row */
};

enum ramp_place { RAMP_LET_IN, RAMP_KEPT_OUT };

/* The verdict may have changed without a probe: BUSY has become FAIL. */
void ramp_see(struct ramp *r, enum verdict verdict);

/* A probe has ended at now_ms.  With `ramp_ms` 0 there is no ramp. */
void ramp_follow(struct ramp *r, uint64_t ramp_ms, enum verdict verdict,
	enum ramp_place place, const struct probed *p, uint64_t now_ms);

/* Where time alone would have it: per cent, from `min` to 100. */
unsigned ramp_percent(
	const struct ramp *r, uint64_t ramp_ms, unsigned min, uint64_t now_ms);

/* Where the JRubies that exist would have it: likewise. */
unsigned ramp_built(const struct ramp *r, unsigned min);

#endif
