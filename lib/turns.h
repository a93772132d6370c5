#ifndef TURNS_H
#define TURNS_H

#include <stdbool.h>

#include <uv.h>

#include "gate.h"

/*
 * Heavy work beside the loop, one piece at a time.
 *
 * A step of a full TLS handshake computes for tens of ms; meanwhile the loop
 * serves everything else.  A piece takes one of the four threads in
 * libuv's pool, which reads and writes files too; the others wait here.
 *
 * Of those who wait, who has begun goes first: were all served in turn, many
 * handshakes of several pieces would end together, and where that is too late,
 * none of them in time.
 */
struct turns {
	uv_loop_t *loop;
	struct gate gate;
};

typedef void (*turns_cb)(void *arg);

/* Embedded in who waits; all zero at first. */
struct turns_waiter {
	struct gate_pass pass;
	struct turns *turns; /* NULL: the next piece is the first one */
	uv_work_t req;
	turns_cb work, after;
	void *arg;
};

/* `t` must live on while the loop has work of it. */
void turns_open(struct turns *t, uv_loop_t *loop);

/*
 * Waits behind those who have asked for their first piece earlier, then calls
 * work(arg) in a thread, where nobody else may touch what it uses, then
 * after(arg) in the loop; neither from inside this.  Who waits or works may not
 * ask again.
 */
void turns_wait(struct turns *t, struct turns_waiter *w, turns_cb work,
	turns_cb after, void *arg);

/*
 * False: no callback comes, and the next piece counts as the first one.  True:
 * work is under way, and after(arg) comes when it has ended, or soon where no
 * thread had begun it.
 */
bool turns_leave(struct turns_waiter *w);

#endif
