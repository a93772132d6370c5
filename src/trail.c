#include "trail.h"

static const struct trail_sample none = { TRAIL_UNKNOWN, TRAIL_UNKNOWN,
	TRAIL_UNKNOWN, TRAIL_UNKNOWN };

/* Half minutes are counted from 1. */
static uint64_t number(uint64_t now_ms)
{
	return now_ms / TRAIL_SAMPLE_MS + 1;
}

/* Those in between, and those of an hour ago, are wiped on the way. */
static struct trail_sample *now(struct trail *t, uint64_t now_ms)
{
	uint64_t n = number(now_ms);
	uint64_t from = t->latest == 0 ? 0 : t->latest + 1;

	if (from + TRAIL_SAMPLES <= n)
		from = n - TRAIL_SAMPLES + 1;
	for (uint64_t i = from; i <= n; i++)
		t->ring[i % TRAIL_SAMPLES] = none;
	t->latest = n;
	return &t->ring[n % TRAIL_SAMPLES];
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
	uint64_t n = number(now_ms);

	if (ago >= n || n - ago > t->latest ||
		n - ago + TRAIL_SAMPLES <= t->latest)
		return &none;
	return &t->ring[(n - ago) % TRAIL_SAMPLES];
}
