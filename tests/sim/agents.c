#include "agents.h"

#include <stdlib.h>

#include "farm.h"
#include "ring.h"
#include "room.h"

static size_t size_of(const struct crowd *c, uint64_t capacity)
{
	uint64_t work_ms = c->work_ms > 0 ? c->work_ms : c->to_ms - c->from_ms;

	return work_ms * c->load * capacity /
		((uint64_t)AGENTS_WORK_MS * 100 * FARM_NORMAL);
}

static void make(struct run *r, const struct crowd *of, struct chance c)
{
	r->start_ms = of->from_ms + chance_below(&c, of->to_ms - of->from_ms);
	r->hash = ring_hash(chance_below(&c, UINT32_MAX));
	r->catalog_ms = chance_catalog_ms(&c);
	r->facts_ms = chance_between(&c, 1000, 7000);
	r->apply_ms = chance_between(&c, 5000, 60000);
}

static int by_start(const void *a, const void *b)
{
	const struct run *x = a, *y = b;

	if (x->start_ms != y->start_ms)
		return x->start_ms < y->start_ms ? -1 : 1;
	return x->hash < y->hash ? -1 : x->hash > y->hash;
}

struct run *agents_make(const struct crowd *crowds, size_t n_crowds,
	uint64_t capacity, uint64_t seed, size_t *n)
{
	struct run *runs;
	size_t made = 0;

	*n = 0;
	for (size_t i = 0; i < n_crowds; i++)
		*n += size_of(&crowds[i], capacity);
	runs = room_new(*n, sizeof(*runs));
	for (size_t i = 0; i < n_crowds; i++)
		for (size_t k = size_of(&crowds[i], capacity); k > 0; k--) {
			make(&runs[made], &crowds[i], chance_of(seed, made));
			made++;
		}
	qsort(runs, *n, sizeof(*runs), by_start);
	return runs;
}

uint32_t agents_work_ms(const struct run *r)
{
	switch (r->step) {
	case AGENTS_CATALOG:
		return r->catalog_ms;
	case AGENTS_REPORT:
		return AGENTS_REPORT_MS;
	default:
		return AGENTS_METADATA_MS;
	}
}

uint32_t agents_pause_ms(const struct run *r)
{
	switch (r->step) {
	case AGENTS_METADATA_2:
		return r->facts_ms;
	case AGENTS_CATALOG:
		return r->apply_ms;
	default:
		return 0;
	}
}
