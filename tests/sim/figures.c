#include "figures.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "room.h"

void figures_open(struct figures *f, unsigned servers)
{
	memset(f, 0, sizeof(*f));
	f->servers = servers;
	f->told = room_new(servers, sizeof(*f->told));
	for (unsigned i = 0; i < servers; i++)
		f->told[i].percent = 100;
	f->least_step = UINT_MAX;
}

void figures_free(struct figures *f)
{
	free(f->waits);
	free(f->told);
	free(f->shares);
}

/* FNV-1a, by whole numbers. */
static void digest(struct figures *f, uint64_t value)
{
	f->digest = (f->digest ^ value) * 0x100000001b3;
}

static uint32_t *grown(uint32_t *list, size_t n, size_t *cap)
{
	if (n < *cap)
		return list;
	*cap = *cap == 0 ? 1024 : 2 * *cap;
	return room_again(list, *cap, sizeof(*list));
}

void figures_wait(struct figures *f, uint64_t wait_ms)
{
	f->waits = grown(f->waits, f->n, &f->cap);
	f->waits[f->n++] = (uint32_t)wait_ms;
	digest(f, wait_ms);
}

static void turned(struct figures *f, struct told *t, uint64_t now_ms)
{
	uint64_t window = now_ms / FIGURES_WINDOW_MS;

	if (window != t->window)
		t->reversals = 0;
	t->window = window;
	f->reversals++;
	if (++t->reversals > f->most_reversals)
		f->most_reversals = t->reversals;
}

void figures_told(struct figures *f, unsigned server, unsigned percent,
	unsigned floor, uint64_t now_ms)
{
	struct told *t = &f->told[server];
	int way = percent > t->percent ? 1 : -1;
	unsigned step = (unsigned)abs((int)percent - (int)t->percent);

	if (percent == t->percent)
		return;
	f->changes++;
	if (percent > floor && t->percent > floor && step < f->least_step)
		f->least_step = step;
	if (t->way == -way)
		turned(f, t, now_ms);
	t->way = way;
	t->percent = percent;
	digest(f, now_ms);
	digest(f, (uint64_t)server * 1000 + percent);
}

void figures_share(struct figures *f, uint64_t weight, uint64_t configured)
{
	f->shares = grown(f->shares, f->n_shares, &f->cap_shares);
	f->shares[f->n_shares++] = (uint32_t)(weight * 1000 / configured);
}

static int by_size(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

void figures_close(struct figures *f)
{
	qsort(f->waits, f->n, sizeof(*f->waits), by_size);
	digest(f, f->failed);
	digest(f, f->sent_away);
}

uint32_t figures_wait_ms(const struct figures *f, unsigned permille)
{
	return f->n == 0 ? 0 : f->waits[(f->n - 1) * permille / 1000];
}

uint32_t figures_least_share(const struct figures *f, size_t from, size_t to)
{
	uint32_t least = UINT32_MAX;

	for (size_t i = from; i < to && i < f->n_shares; i++)
		if (f->shares[i] < least)
			least = f->shares[i];
	return least;
}

uint32_t figures_mean_share(const struct figures *f, size_t from, size_t to)
{
	uint64_t sum = 0;

	for (size_t i = from; i < to; i++)
		sum += f->shares[i];
	return (uint32_t)(sum / (to - from));
}

size_t figures_recovery(const struct figures *f, size_t since, uint32_t share)
{
	const size_t minute = 60;

	for (size_t i = since; i + minute <= f->n_shares; i++)
		if (figures_mean_share(f, i, i + minute) >= share)
			return i - since;
	return SIZE_MAX;
}
