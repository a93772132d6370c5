#include "rules.h"

enum { FIGURES_MS = 2000 }; /* between two looks at the JRubies */

struct standing_rules rules_of(const struct config_server *config)
{
	return (struct standing_rules){
		.health = { .rise = (unsigned)config->rise,
			.fall = (unsigned)config->fall,
			.busy_limit_ms = config->busy_limit_ms,
			.stale_ms = 3 *
				(config->interval_ms + config->timeout_ms) },
		.weight = { .mode = config->weight,
			.min = (unsigned)config->min_weight,
			.ramp_ms = config->ramp_ms },
	};
}

uint64_t rules_pause_ms(
	const struct config_server *config, const struct standing *s)
{
	if (standing_pace(s) == HEALTH_CHANGING)
		return config->fast_interval_ms;
	/* Somebody may wait for it to be idle, or for a canary to go on. */
	if (config->interval_ms > FIGURES_MS &&
		(order_keeps_out(standing_orders(s)) ||
			standing_lacks_figures(s)))
		return FIGURES_MS;
	return config->interval_ms;
}
