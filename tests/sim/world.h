#ifndef WORLD_H
#define WORLD_H

#include <stdint.h>

#include "figures.h"
#include "scenario.h"

/*
 * A simulation: agents, a balancer, a farm, and an usherd for each server, in
 * simulated time.  The same seed gives the same agents under every policy.
 */
struct world_case {
	unsigned servers;
	const struct scenario *scenario;
	const struct policy *policy;
	uint64_t seed;
};

/* Runs it from start to end; the caller closes `figures`. */
void world_run(const struct world_case *c, struct figures *figures);

#endif
