#include "rules.h"

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
