#ifndef RING_H
#define RING_H

#include <stddef.h>
#include <stdint.h>

/*
 * HAProxy's consistent hash: RING_POINTS points on a circle for each unit of a
 * server's weight, those with the highest numbers leave first when it falls;
 * whoever is hashed between two points goes to the nearer one.
 */
enum { RING_POINTS = 16 };

struct ring_point {
	uint32_t key;
	uint32_t server, number;
};

struct ring {
	struct ring_point *points; /* by key; those not in force too */
	size_t n;
};

/* weights[0..n): as configured. */
void ring_open(struct ring *r, const unsigned *weights, unsigned n);
void ring_free(struct ring *r);

/* Who serves `hash` with these weights: its index, or -1 where all are 0. */
int ring_pick(const struct ring *r, const unsigned *weights, uint32_t hash);

/* HAProxy's avalanche of a whole number. */
uint32_t ring_hash(uint32_t number);

#endif
