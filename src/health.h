#ifndef HEALTH_H
#define HEALTH_H

#include <stdint.h>

#include "outcome.h"

/*
 * From the endings of probes to a verdict.  Pure: time is passed in, as
 * clock_now_ms() counts it.
 *
 *	NONE      no probe has ended yet, or the last one too long ago
 *	UP        in service
 *	BUSY      was UP, now too slow to answer: for at most busy_limit_ms
 *	DOWN      not there yet: starting, or no status page
 *	FAIL      dead, hung, or not who it should be
 *	STOPPING  says so itself
 *
 * GOOD endings lead to UP after `rise` in a row, DEAD ones to FAIL and ABSENT
 * ones to DOWN after `fall`; STARTING and STOPPING count at once.  From NONE,
 * a good ending or a refused connection counts at once too.  Overload is not
 * death: a SLOW ending of a server that was UP leads to BUSY, not to FAIL.
 */
enum verdict {
	VERDICT_NONE,
	VERDICT_UP,
	VERDICT_BUSY,
	VERDICT_DOWN,
	VERDICT_FAIL,
	VERDICT_STOPPING,
};

struct health_rules {
	unsigned rise, fall;
	uint64_t busy_limit_ms;
	uint64_t stale_ms; /* a verdict older than this is none */
};

/* Owned by the caller; all zero is VERDICT_NONE. */
struct health {
	enum verdict verdict;
	enum outcome because; /* meaningless with VERDICT_NONE */
	uint64_t since_ms;    /* of this verdict */
	uint64_t ended_ms;    /* the last probe that said something */
	uint64_t busy_ms;     /* VERDICT_BUSY since */
	unsigned good, bad;   /* in a row */
};

const char *verdict_name(enum verdict v);

/* A probe has ended. */
void health_probe(struct health *h, const struct health_rules *rules,
	enum outcome o, uint64_t now_ms);

/* Time has passed: BUSY may have become FAIL, and anything NONE. */
void health_advance(
	struct health *h, const struct health_rules *rules, uint64_t now_ms);

/* The first moment when health_advance() will change something; UINT64_MAX */
uint64_t health_deadline(
	const struct health *h, const struct health_rules *rules);

enum health_pace { HEALTH_STEADY, HEALTH_CHANGING };

/* Whether the verdict may be about to change: probe faster then. */
enum health_pace health_pace(const struct health *h);

#endif
