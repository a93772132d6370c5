#ifndef TRAIL_H
#define TRAIL_H

#include <stddef.h>
#include <stdint.h>

#include "answer.h"
#include "probed.h"

/*
 * The last hour of one server, for a chart: one sample for each half minute,
 * of the weight that HAProxy is told and of its JRubies.  Pure: time is passed
 * in, as clock_now_ms() counts it.
 */
enum { TRAIL_SAMPLE_MS = 30 * 1000, TRAIL_SAMPLES = 120 };

enum { TRAIL_UNKNOWN = -1, TRAIL_MOST = INT16_MAX };

/* Small, since there is an hour of them for each server. */
struct trail_sample {
	/*
	 * Per cent; 0 where it is told to send nothing; the last seen;
	 * TRAIL_UNKNOWN where it is told no weight.
	 */
	int16_t weight;
	/*
	 * With the most requests seen in it, each TRAIL_MOST at most;
	 * TRAIL_UNKNOWN without figures.
	 */
	int16_t jrubies, borrowed, waiting;
};

/* All zero at first. */
struct trail {
	/* At its half minute's number % TRAIL_SAMPLES. */
	struct trail_sample ring[TRAIL_SAMPLES];
	uint64_t latest; /* number of the last half minute; 0: none yet */
};

/* What HAProxy is told now.  Call it often enough. */
void trail_told(struct trail *t, const struct answer *line, uint64_t now_ms);

/* A probe has ended. */
void trail_probe(struct trail *t, const struct probed *p, uint64_t now_ms);

/* Of `ago` half minutes ago; all TRAIL_UNKNOWN where there is none. */
const struct trail_sample *trail_get(
	const struct trail *t, size_t ago, uint64_t now_ms);

#endif
