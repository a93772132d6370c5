#ifndef AGENDA_H
#define AGENDA_H

#include <stddef.h>
#include <stdint.h>

/* What is to happen, by simulated time; of the same moment, first in first. */
struct agenda_item {
	uint64_t at_ms;
	uint64_t order; /* agenda.c only */
	unsigned what;
	uint32_t whom;
	uint64_t about; /* whatever else belongs to it */
};

/* All zero at first. */
struct agenda {
	struct agenda_item *items;
	size_t n, cap;
	uint64_t orders;
};

/* Ends the program without memory. */
void agenda_add(struct agenda *a, const struct agenda_item *item);

/* The first of all, or NULL; until the next call. */
const struct agenda_item *agenda_first(const struct agenda *a);
void agenda_take(struct agenda *a, struct agenda_item *item);

void agenda_free(struct agenda *a);

#endif
