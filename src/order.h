#ifndef ORDER_H
#define ORDER_H

#include <stdbool.h>
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
	ORDER_DRAIN,   /* state: no new connections */
	ORDER_MAINT,   /* state: out, HAProxy's health check paused */
	ORDER_DOWN,    /* state: out, whatever the probe says */
	ORDER_UP,      /* state: in, whatever the probe says */
	ORDER_RELEASE, /* state: given back to HAProxy, as if usher never was */
	ORDER_WEIGHT,  /* ceiling */
	ORDER_CANARY,  /* ceiling, in steps */
	ORDER_HOLD,    /* hold: drained around a restart */
};

enum {
	ORDER_WHO_MAX = 64,
	ORDER_WHY_MAX = 256,
	ORDER_SLOTS = 3,
	ORDER_STEPS_MAX = 8,
};

/* Whether it is kept on disk. */
enum order_keeping { ORDER_DURABLE, ORDER_VOLATILE };

struct order {
	enum order_kind kind;
	unsigned percent;        /* ceilings only, 0 to 100 */
	char who[ORDER_WHO_MAX]; /* who gave it */
	char why[ORDER_WHY_MAX]; /* the reason as given; "" where none was */
	int64_t since_s; /* wall clock, seconds since 1970; a canary's step */
	int64_t until_s; /* likewise; 0: no end */
	enum order_keeping keeping;
	bool left; /* hold only: the server has been seen to go */
	/* Canaries only: the percentages, rising, and which is in force. */
	unsigned char steps[ORDER_STEPS_MAX];
	unsigned n_steps, step;
	int64_t every_s; /* goes on by itself after so long; 0: never */
};

/* All zero: no orders. */
struct orders {
	struct order state, ceiling, hold;
};

const char *order_name(enum order_kind kind);
/* The other way round; ORDER_NONE for any other word. */
enum order_kind order_kind(const char *name);

/* 1 when nothing differs, else 0. */
int order_same(const struct order *a, const struct order *b);

/* A canary that has a next step goes over to it; 1, or 0 where it has none. */
int order_next_step(struct order *canary, int64_t now_s);

/* The slot that an order of this kind belongs into. */
struct order *order_slot(struct orders *o, enum order_kind kind);

/* All three, for loops. */
void order_slots(struct orders *o, struct order *slots[ORDER_SLOTS]);

/*
 * Puts `given` into its slot.  The same order given again keeps its since and
 * takes the new end and reason.
 */
void order_give(struct orders *o, const struct order *given);

/*
 * Takes out what has run out at `now_s`, into ended[]; returns how many.
 */
size_t order_expire(
	struct orders *o, int64_t now_s, struct order ended[ORDER_SLOTS]);

/* 1 when they keep new work away; else 0. */
int order_keeps_out(const struct orders *o);
/* 1 when HAProxy is told drain or maint, which only `ready` ends; else 0. */
int order_takes(const struct orders *o);

/* The next end of any, or 0 where none has one. */
int64_t order_next_end(const struct orders *o);

/* "drain by alice: kernel upgrade", for people; returns its length. */
size_t order_describe(char *dst, size_t cap, const struct order *o);

#endif
