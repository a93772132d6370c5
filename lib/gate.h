#ifndef GATE_H
#define GATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Lets so many in at a time; the others wait, in their order.  For work that
 * has a deadline of its own, which must not run while it has not begun.
 */
struct gate {
	size_t room;
	uint64_t newest; /* the last place that was given */
	struct gate_pass *first;
	struct gate_pass **last;
	bool letting_in;
};

typedef void (*gate_cb)(void *arg);

enum gate_state { GATE_OUT, GATE_WAITING, GATE_IN };

/* Embedded in who wants in; all zero at first. */
struct gate_pass {
	enum gate_state state;
	uint64_t place; /* lower ones go first */
	struct gate_pass *next;
	gate_cb cb;
	void *arg;
};

void gate_open(struct gate *g, size_t room);

/*
 * GATE_IN at once where there is room.  Else GATE_WAITING: cb(arg) comes when
 * it is in, from inside the gate_leave() of another, but never from inside a
 * cb: who leaves there lets the next one in after it.
 */
enum gate_state gate_enter(
	struct gate *g, struct gate_pass *p, gate_cb cb, void *arg);

/* The same for one that has been in: it keeps its place. */
enum gate_state gate_enter_again(
	struct gate *g, struct gate_pass *p, gate_cb cb, void *arg);

/* Nobody is let in any more; those who wait are out. */
void gate_close(struct gate *g);

/* Out, from wherever it is; harmless for one that is out. */
void gate_leave(struct gate *g, struct gate_pass *p);

#endif
