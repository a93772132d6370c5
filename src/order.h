#ifndef ORDER_H
#define ORDER_H

#include <stddef.h>
#include <stdint.h>

/*
 * What people and hooks have ordered for one server.  Pure.
 *
 * Three slots side by side, because HAProxy's registers for admin state and
 * weight are separate ones: a state, a ceiling for the weight, and the restart
 * hook's hold.  A slot holds one order at a time.
 */
enum order_kind {
	ORDER_NONE,
	ORDER_DRAIN,  /* state: no new connections */
	ORDER_MAINT,  /* state: out, HAProxy's health check paused */
	ORDER_DOWN,   /* state: out, whatever the probe says */
	ORDER_UP,     /* state: in, whatever the probe says */
	ORDER_WEIGHT, /* ceiling */
	ORDER_CANARY, /* ceiling, in steps */
	ORDER_HOLD,   /* hold: drained around a restart */
};

enum { ORDER_WHO_MAX = 64, ORDER_WHY_MAX = 256 };

struct order {
	enum order_kind kind;
	unsigned percent;        /* ceilings only, 0 to 100 */
	char who[ORDER_WHO_MAX]; /* who gave it */
	char why[ORDER_WHY_MAX]; /* the reason as given; "" where none was */
};

/* All zero: no orders. */
struct orders {
	struct order state, ceiling, hold;
};

const char *order_name(enum order_kind kind);

/* "drain by alice: kernel upgrade", for people; returns its length. */
size_t order_describe(char *dst, size_t cap, const struct order *o);

#endif
