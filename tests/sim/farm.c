#include "farm.h"

#include <stdlib.h>
#include <string.h>

#include "room.h"

static const struct {
	unsigned jrubies, slow;
} mix[] = {
	{ 4, FARM_NORMAL },
	{ 8, FARM_NORMAL },
	{ 2, FARM_NORMAL * 3 / 2 },
	{ 4, FARM_NORMAL },
	{ 1, FARM_NORMAL },
	{ 6, FARM_NORMAL },
	{ 2, FARM_NORMAL },
	{ 4, FARM_NORMAL * 3 / 2 },
	{ 3, FARM_NORMAL },
	{ 4, FARM_NORMAL },
};

void farm_open(struct farm *f, unsigned n, unsigned queue_limit)
{
	f->n = n;
	f->servers = room_new(n, sizeof(*f->servers));
	for (unsigned i = 0; i < n; i++) {
		unsigned kind = i % (sizeof(mix) / sizeof(*mix));

		f->servers[i].jrubies = mix[kind].jrubies;
		f->servers[i].slow = mix[kind].slow;
		f->servers[i].queue_limit = queue_limit;
		f->servers[i].open = true;
	}
}

void farm_free(struct farm *f)
{
	for (unsigned i = 0; i < f->n; i++)
		free(f->servers[i].places);
	free(f->servers);
}

uint64_t farm_capacity(const struct farm *f)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < f->n; i++)
		sum += (uint64_t)f->servers[i].jrubies * FARM_NORMAL *
			FARM_NORMAL / f->servers[i].slow;
	return sum;
}

static unsigned built(const struct server *s, uint64_t now_ms)
{
	uint64_t ready = 1 + (now_ms - s->born_ms) / FARM_BUILD_MS;

	if (s->born_ms == 0)
		return s->jrubies;
	return ready < s->jrubies ? (unsigned)ready : s->jrubies;
}

/* Those whom Jetty has no thread for are not in it. */
static unsigned waiting(const struct server *s)
{
	size_t threads = FARM_THREADS - s->lent;

	return (unsigned)(s->waiting < threads ? s->waiting : threads);
}

static void grow(struct server *s)
{
	size_t cap = s->cap == 0 ? 64 : 2 * s->cap;
	struct place *places = room_new(cap, sizeof(*places));

	for (size_t i = 0; i < s->waiting; i++)
		places[i] = s->places[(s->first + i) % s->cap];
	free(s->places);
	s->places = places;
	s->first = 0;
	s->cap = cap;
}

int server_queue(struct server *s, uint32_t request, uint64_t now_ms)
{
	if (s->queue_limit > 0 && waiting(s) >= s->queue_limit) {
		s->sent_away++;
		return 0;
	}
	if (s->waiting == s->cap)
		grow(s);
	s->places[(s->first + s->waiting++) % s->cap] =
		(struct place){ request, now_ms };
	return 1;
}

int server_lend(struct server *s, struct place *place, uint64_t now_ms)
{
	if (!s->open || s->locked || s->waiting == 0 ||
		s->lent >= built(s, now_ms))
		return 0;
	*place = s->places[s->first];
	s->first = (s->first + 1) % s->cap;
	s->waiting--;
	s->lent++;
	return 1;
}

void server_give_back(struct server *s)
{
	s->lent--;
	s->done++;
}

uint64_t server_takes_ms(
	const struct server *s, uint32_t usual_ms, uint64_t now_ms)
{
	uint64_t age_ms = now_ms - s->born_ms, ms = usual_ms;

	ms = ms * s->slow / FARM_NORMAL;
	if (s->born_ms == 0 || age_ms >= FARM_WARM_MS)
		return ms;
	return ms +
		ms * (FARM_COLD - 1) * (FARM_WARM_MS - age_ms) / FARM_WARM_MS;
}

size_t server_ahead(const struct server *s)
{
	size_t all = s->lent + s->waiting;

	return all < FARM_THREADS ? 0 : all - FARM_THREADS + 1;
}

void server_figures(const struct server *s, struct jruby *j, uint64_t now_ms)
{
	memset(j, 0, sizeof(*j));
	j->jrubies = s->jrubies;
	j->borrowed = s->lent;
	j->free = built(s, now_ms) - s->lent;
	j->waiting = waiting(s);
	if (j->waiting > 0)
		j->oldest_waiter_ms = now_ms - s->places[s->first].since_ms;
	j->borrow_count = s->done + s->lent;
	j->queue_limit_hits = s->sent_away;
	j->lock = JRUBY_LOCK_NONE;
}

void server_end(struct server *s)
{
	s->open = false;
	s->lent = 0;
	s->waiting = 0;
	s->done = 0;
	s->sent_away = 0;
}

void server_start(struct server *s, uint64_t now_ms)
{
	s->open = true;
	s->born_ms = now_ms;
}
