#ifndef IDLE_H
#define IDLE_H

#include <stdbool.h>
#include <stdint.h>

#include "probed.h"

/*
 * Whether a Puppet Server has anything to do, from probe to probe.  Pure.
 *
 * It is idle while no JRuby is lent and nobody waits for one, and while none
 * was lent in between, which its counter tells.
 */
enum idle_sight {
	IDLE_UNKNOWN, /* nothing has been seen yet, or not lately */
	IDLE_SEEN,
	IDLE_BLIND,  /* there are no figures, again and again */
	IDLE_CLOSED, /* nothing listens there: idle */
};

enum { IDLE_BLIND_PROBES = 3 }; /* in a row without figures */

/* All zero at first. */
struct idle {
	enum idle_sight sight;
	uint64_t since_ms; /* idle since; 0: it is not */
	uint64_t seen_ms;  /* and when that was seen last */
	bool counted;      /* borrow_count is of the probe before */
	uint64_t borrow_count;
	unsigned missed;
	uint64_t blind_ms;         /* IDLE_BLIND since */
	unsigned running, waiting; /* requests, with IDLE_SEEN */
};

/* A probe has ended at now_ms (clock_now_ms()). */
void idle_probe(struct idle *i, const struct probed *p, uint64_t now_ms);

/* One was due and could not be made. */
void idle_unprobed(struct idle *i, uint64_t now_ms);

#endif
