#ifndef WEIGHT_H
#define WEIGHT_H

#include <stdint.h>

#include "health.h"
#include "load.h"
#include "probed.h"
#include "ramp.h"

/*
 * The weight that a server is worth by itself, without orders: the lowest of
 * several limits.  Pure: time is passed in, as clock_now_ms() counts it.
 */
enum weight_mode { WEIGHT_FIXED, WEIGHT_JRUBY };

struct weight_rules {
	enum weight_mode mode;
	unsigned min; /* per cent, 1 to 100: the floor of all limits */
	uint64_t ramp_ms;
};

/* All zero at first. */
struct weight {
	struct load load;
	struct ramp ramp;
};

enum weight_limit {
	WEIGHT_LOAD,  /* spare capacity */
	WEIGHT_RAMP,  /* time since it came back */
	WEIGHT_BUILT, /* the JRubies that exist, while it comes back */
	WEIGHT_LIMITS,
};

/* Whether it moves by itself from probe to probe: not worth a line each. */
enum weight_course { WEIGHT_RESTS, WEIGHT_GLIDES };

/* What it comes to at a moment. */
struct weight_now {
	unsigned limits[WEIGHT_LIMITS]; /* per cent */
	unsigned percent;               /* the lowest */
	const char *why; /* of the lowest, in a word or two; "" at 100 */
	enum weight_course course;
};

struct weight_facts {
	enum verdict verdict; /* after this probe */
	enum ramp_place place;
	const struct probed *probed;
};

/* A probe has ended at now_ms. */
void weight_probe(struct weight *w, const struct weight_rules *rules,
	const struct weight_facts *f, uint64_t now_ms);

void weight_now(struct weight_now *out, const struct weight *w,
	const struct weight_rules *rules, uint64_t now_ms);

/* 1 when a weight needs figures of the JRubies, else 0. */
int weight_wants_figures(const struct weight_rules *rules);

/* "load", "ramp", "JRubies". */
const char *weight_limit_name(enum weight_limit limit);

#endif
