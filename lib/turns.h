#ifndef TURNS_H
#define TURNS_H

#include <stddef.h>

#include <uv.h>

/*
 * Heavy work, one piece per turn of the loop.
 *
 * A step of a full TLS handshake computes for up to 20 ms.  When many are due
 * at once, each waits here for its turn, and between two of them the loop
 * serves everything else.
 */
struct turns {
	uv_idle_t idle; /* runs while somebody waits */
	struct turns_waiter *first;
	struct turns_waiter **last;
};

typedef void (*turns_cb)(void *arg);

/* Embedded in who waits; all zero at first. */
struct turns_waiter {
	struct turns_waiter *next;
	turns_cb cb;
	void *arg;
	int waiting;
};

void turns_open(struct turns *t, uv_loop_t *loop);
/* Nobody may be waiting.  `t` must live until the loop has closed it. */
void turns_close(struct turns *t);

/*
 * Calls cb(arg) in a later turn, after those who asked before.  Asking again
 * while waiting changes nothing.
 */
void turns_wait(
	struct turns *t, struct turns_waiter *w, turns_cb cb, void *arg);
/* No callback after this; harmless for one that doesn't wait. */
void turns_leave(struct turns *t, struct turns_waiter *w);

#endif
