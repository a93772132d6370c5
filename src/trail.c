#include "trail.h"

/* Slots begin with 1. */
static uint32_t slot_of(uint64_t now_ms)
{
	return (uint32_t)(now_ms / TRAIL_SAMPLE_MS + 1);
}

static struct trail_sample *now(struct trail *t, uint64_t now_ms)
{
	uint32_t slot = slot_of(now_ms);
	struct trail_sample *s = &t->ring[slot % TRAIL_SAMPLES];

	if (s->slot != slot)
		*s = (struct trail_sample){ slot, TRAIL_UNKNOWN, TRAIL_UNKNOWN,
			TRAIL_UNKNOWN, TRAIL_UNKNOWN };
	return s;
}

void trail_told(struct trail *t, const struct answer *line, uint64_t now_ms)
{
	struct trail_sample *s = now(t, now_ms);

	switch (line->told) {
	case ANSWER_NOTHING:
		s->weight = TRAIL_UNKNOWN;
		break;
	case ANSWER_IN:
		s->weight = (int16_t)line->percent;
		break;
	default:
		s->weight = 0;
		break;
	}
}

/* Of a server that says what can't be. */
static int16_t capped(unsigned n)
{
	return (int16_t)(n < TRAIL_MOST ? n : TRAIL_MOST);
}

void trail_probe(struct trail *t, const struct probed *p, uint64_t now_ms)
{
	struct trail_sample *s = now(t, now_ms);
	int16_t borrowed = capped(p->jruby.borrowed);
	int16_t waiting = capped(p->jruby.waiting);

	if (p->figures != PROBED_FIGURES ||
		borrowed + waiting < s->borrowed + s->waiting)
		return;
	s->jrubies = capped(p->jruby.jrubies);
	s->borrowed = borrowed;
	s->waiting = waiting;
}

const struct trail_sample *trail_get(
	const struct trail *t, size_t ago, uint64_t now_ms)
{
	uint32_t slot = slot_of(now_ms);
	const struct trail_sample *s;

	if (ago >= TRAIL_SAMPLES || ago >= slot)
		return NULL;
	s = &t->ring[(slot - ago) % TRAIL_SAMPLES];
	return s->slot == slot - ago ? s : NULL;
}
