#ifndef LOAD_H
#define LOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "probed.h"

/*
 * The weight that a server's spare capacity is worth, from its JRubies
 * (`weight = jruby`).  Pure: time is passed in, as clock_now_ms() counts it.
 *
 * Demand per JRuby, those who wait included, is 0 for an idle server, 1 for one
 * that is exactly full, and more while requests wait.  Full without a queue is
 * worth LOAD_FULL per cent, two waves half of that.  It is smoothed over
 * LOAD_SMOOTH_MS and said in steps, so that many usherds that see the same do
 * not swing together; and never 0: a farm that is busy everywhere must not
 * empty.
 */
enum {
	LOAD_FULL = 50,
	LOAD_SMOOTH_MS = 30 * 1000,
	LOAD_STEP = 5, /* the least change, and what is said is a multiple */
	LOAD_WAITER_MS = 10 * 1000, /* one that waits longer: to the floor */
	LOAD_LOCKED_MS = 1000, /* beside a free JRuby: the pool is locked */
	LOAD_LOCKED_PROBES = 2,
	LOAD_MISSING_PROBES = 3, /* without figures the weight holds so long */
};

enum load_why {
	LOAD_UNKNOWN, /* no figures: no opinion, 100% */
	LOAD_DEMAND,
	/* What takes it to the floor at once. */
	LOAD_WAITER,
	LOAD_QUEUE_LIMIT, /* requests were sent away since the last figures */
	LOAD_OVERSIZE,    /* so many wait that the figures are over their cap */
	LOAD_LOCKED, /* JRubies that come back are not lent: a stop or flush */
	LOAD_BUSY,   /* the server is too slow to answer */
};

/* All zero at first, and where the server is dead. */
struct load {
	enum load_why why;
	unsigned percent; /* meaningless with LOAD_UNKNOWN */

	/* Below: load.c only. */
	double smoothed;
	uint64_t seen_ms; /* smoothed so far; 0: it begins with the next */
	bool counted;     /* limit_hits is of the figures before */
	uint64_t limit_hits;
	unsigned locked, missed; /* probes in a row */
};

/* A probe has ended at now_ms.  `min`: the floor, 1 to 100 per cent. */
void load_probe(
	struct load *l, unsigned min, const struct probed *p, uint64_t now_ms);

/* The server is too slow to answer: to the floor. */
void load_busy(struct load *l, unsigned min, uint64_t now_ms);

/* 1 when the server has given no figures for so long that none are expected. */
int load_blind(const struct load *l);

/* A word or two for HAProxy's page and for people; "" with LOAD_UNKNOWN. */
const char *load_why_text(enum load_why why);

#endif
