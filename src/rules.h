#ifndef RULES_H
#define RULES_H

#include "config.h"
#include "standing.h"

/* What the configuration of a server says about how it stands. */
struct standing_rules rules_of(const struct config_server *config);

/* Until its next probe, without what jitter adds. */
uint64_t rules_pause_ms(
	const struct config_server *config, const struct standing *s);

#endif
