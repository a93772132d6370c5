#include "ring.h"

#include <stdlib.h>

#include "room.h"

enum { NUMBERS = 4096 }; /* of points that a server can have */

/* Bob Jenkins' 32 bit hash, and HAProxy's prime. */
uint32_t ring_hash(uint32_t a)
{
	a = (a + 0x7ed55d16) + (a << 12);
	a = (a ^ 0xc761c23c) ^ (a >> 19);
	a = (a + 0x165667b1) + (a << 5);
	a = (a + 0xd3a2646c) ^ (a << 9);
	a = (a + 0xfd7046c5) + (a << 3);
	a = (a ^ 0xb55a4f09) ^ (a >> 16);
	return a * 3221225473U;
}

static int by_key(const void *a, const void *b)
{
	const struct ring_point *x = a, *y = b;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return x->server < y->server ? -1 : x->server > y->server;
}

void ring_open(struct ring *r, const unsigned *weights, unsigned n)
{
	r->n = 0;
	for (unsigned i = 0; i < n; i++)
		r->n += (size_t)weights[i] * RING_POINTS;
	r->points = room_new(r->n, sizeof(*r->points));
	r->n = 0;
	for (uint32_t i = 0; i < n; i++)
		for (uint32_t k = 0; k < weights[i] * RING_POINTS; k++)
			r->points[r->n++] = (struct ring_point){
				ring_hash((i + 1) * NUMBERS + k), i, k
			};
	qsort(r->points, r->n, sizeof(*r->points), by_key);
}

void ring_free(struct ring *r)
{
	free(r->points);
}

/* The first point at or after `i` that is in force, going by `step`. */
static const struct ring_point *walk(
	const struct ring *r, const unsigned *weights, size_t i, size_t step)
{
	for (size_t seen = 0; seen < r->n; seen++, i = (i + step) % r->n) {
		const struct ring_point *p = &r->points[i];

		if (p->number < weights[p->server] * RING_POINTS)
			return p;
	}
	return NULL;
}

int ring_pick(const struct ring *r, const unsigned *weights, uint32_t hash)
{
	const struct ring_point *next, *last;
	size_t low = 0, high = r->n;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (r->points[middle].key < hash)
			low = middle + 1;
		else
			high = middle;
	}
	next = walk(r, weights, low % r->n, 1);
	last = walk(r, weights, (low + r->n - 1) % r->n, r->n - 1);
	if (next == NULL)
		return -1;
	/* Around the circle: unsigned. */
	return (int)(hash - last->key <= next->key - hash ? last->server
							  : next->server);
}
