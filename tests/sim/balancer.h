#ifndef BALANCER_H
#define BALANCER_H

#include <stdbool.h>
#include <stdint.h>

#include "ring.h"

/*
 * HAProxy as far as it matters here: weights, what agents' replies make of
 * them, and three ways to choose.
 */
enum balance {
	BALANCE_ROUNDROBIN,
	BALANCE_SOURCE, /* hash-type consistent */
	BALANCE_LEASTCONN,
};

/* Deaf to percentages, as with a static algorithm. */
enum balance_hearing { BALANCE_HEARS, BALANCE_DEAF };

struct target {
	unsigned percent; /* as told; 100 at first */
	bool up;
	unsigned conns; /* open now */
	int64_t turn;   /* roundrobin: how much it is owed */
};

struct balancer {
	enum balance balance;
	unsigned n, start; /* start: leastconn begins to look there */
	struct target *targets;
	unsigned *initial; /* as configured */
	unsigned *weights; /* in force; 0 where it is down */
	uint64_t sum;      /* of those in force */
	struct ring ring;  /* source only */
	enum balance_hearing hearing;
};

/* initial[0..n): configured weights, copied.  It hears at first. */
void balancer_open(struct balancer *b, enum balance balance,
	const unsigned *initial, unsigned n);
void balancer_free(struct balancer *b);

/*
 * The server of a new connection, its index; -1: there is none.  `hash` is of
 * the agent's address; `avoid` has just refused, -1: none has.
 */
int balancer_pick(struct balancer *b, uint32_t hash, int avoid);
/* Where `source` sends it when all are up with their configured weight. */
int balancer_home(const struct balancer *b, uint32_t hash);

void balancer_connected(struct balancer *b, unsigned server);
void balancer_hung_up(struct balancer *b, unsigned server);

/* What the agent of a server says, a line. */
void balancer_reply(struct balancer *b, unsigned server, const char *line);

#endif
