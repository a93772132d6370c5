#ifndef AGENTS_H
#define AGENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "chance.h"

/*
 * Puppet's agents.  A run is four requests, each of which holds a JRuby:
 * metadata twice, then, when the facts are there, the catalog, and at the end
 * the report.  A connection is kept for AGENTS_KEEP_MS after a request, and
 * whoever has waited AGENTS_PATIENCE_MS for an answer gives up.
 *
 * The time of the simulation is shorter than the half hour between two runs, so
 * an agent runs once.
 */
enum {
	AGENTS_KEEP_MS = 4 * 1000,
	AGENTS_PATIENCE_MS = 10 * 60 * 1000,
	AGENTS_BACK_MS = 30 * 60 * 1000, /* max-retry-delay, after a 503 */
	AGENTS_METADATA_MS = 150,
	AGENTS_REPORT_MS = 300,
	/* On the average, of a whole run. */
	AGENTS_WORK_MS =
		2 * AGENTS_METADATA_MS + CHANCE_CATALOG_MS + AGENTS_REPORT_MS,
};

enum agents_step {
	AGENTS_METADATA,
	AGENTS_METADATA_2,
	AGENTS_CATALOG,
	AGENTS_REPORT,
	AGENTS_STEPS,
};

struct run {
	uint32_t start_ms;
	uint32_t hash; /* of the agent's address */
	uint32_t catalog_ms, facts_ms, apply_ms;
	uint32_t asked_ms; /* the request that runs or waits */
	uint16_t server;   /* where that is, or the connection */
	uint8_t step;
	bool connected, asking;
	bool over;
};

/* Agents that come evenly, between two moments. */
struct crowd {
	uint32_t from_ms, to_ms;
	unsigned load;    /* per cent of the farm's capacity, over `work_ms` */
	uint32_t work_ms; /* 0: over the time in which they come */
};

/*
 * The runs of several crowds, by start_ms; `capacity` as farm_capacity() has
 * it.  The caller frees it.
 */
struct run *agents_make(const struct crowd *crowds, size_t n_crowds,
	uint64_t capacity, uint64_t seed, size_t *n);

/* How long a JRuby of the usual speed is busy with the step that it is at. */
uint32_t agents_work_ms(const struct run *r);

/* How long after that step the next one begins. */
uint32_t agents_pause_ms(const struct run *r);

#endif
