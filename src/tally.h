#ifndef TALLY_H
#define TALLY_H

#include <stdint.h>

#include "probed.h"

/*
 * What the probes of one server come to since the start: how they ended, how
 * long each step took, which handshakes there were.  Pure.
 */
enum tally_step {
	TALLY_CONNECT,
	TALLY_TLS,
	TALLY_ANSWER,
	TALLY_TOTAL, /* also of a probe that ended early */
	TALLY_STEPS,
};

enum { TALLY_BOUNDS = 9 };

/* Upper bounds, in seconds. */
extern const double tally_bounds[TALLY_BOUNDS];

struct tally_times {
	uint64_t counts[TALLY_BOUNDS + 1]; /* the last: above all bounds */
	uint64_t sum_ms;
};

/* All zero at first. */
struct tally {
	uint64_t outcomes[OUTCOMES_N];
	struct tally_times steps[TALLY_STEPS];
	uint64_t full, resumed;   /* handshakes */
	int64_t cert_not_after_s; /* the last certificate seen; 0: none */
};

/* A probe has ended. */
void tally_probe(struct tally *t, const struct probed *p);

/* "connect", "tls" ... */
const char *tally_step_name(enum tally_step step);

#endif
