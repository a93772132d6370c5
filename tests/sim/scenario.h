#ifndef SCENARIO_H
#define SCENARIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agents.h"
#include "balancer.h"
#include "weight.h"

/* What a simulation is about: who comes, what breaks, how it is balanced. */
enum {
	SCENARIO_WARM_MS = 3 * 60 * 1000,     /* not counted before */
	SCENARIO_TROUBLE_MS = 5 * 60 * 1000,  /* when it begins */
	SCENARIO_END_MS = 20 * 60 * 1000,     /* nobody comes later */
	SCENARIO_PATIENCE_MS = 90 * 60 * 1000 /* by then all is over */
};

enum trouble {
	TROUBLE_NONE,
	TROUBLE_SLOW,    /* four times as slow */
	TROUBLE_RESTART, /* the process dies, and is back later */
	TROUBLE_LOCKED,  /* the pool is locked: a flush that takes long */
};

struct scenario {
	const char *name;
	const char *text; /* a line for people */
	struct crowd crowds[3];
	size_t n_crowds;
	bool even;             /* the same load all the time, and no trouble */
	uint32_t storm_end_ms; /* 0: no storm */
	enum trouble trouble;  /* of every tenth server */
	uint32_t trouble_end_ms;
	unsigned queue_limit; /* max-queued-requests; 0: none */
	uint64_t ramp_ms;
	/* More than Jetty has threads for: status pages fall silent. */
	bool silent;
};

enum sizing { SIZING_EQUAL, SIZING_BY_JRUBIES };

struct policy {
	const char *name;
	enum balance balance;
	enum sizing sizing; /* the weights on HAProxy's server lines */
	enum weight_mode mode;
	enum balance_hearing hearing;
};

extern const struct scenario scenarios[];
extern const size_t scenarios_n;
extern const struct policy policies[];
extern const size_t policies_n;

/* On the server line, of a server with so many JRubies. */
unsigned policy_weight(const struct policy *p, unsigned jrubies);

/* The floor must be a whole unit of the least weight. */
unsigned policy_min(const struct policy *p);

#endif
