#ifndef CONTROL_H
#define CONTROL_H

#include <uv.h>

#include "fleet.h"
#include "orderbook.h"

/*
 * The control socket: one line in; "ok" or "error N TEXT" and a body out, N
 * being usherctl's exit code.
 */
struct control;

struct control_options {
	uv_loop_t *loop;
	struct fleet *fleet; /* these three: borrowed until control_close() */
	struct orderbook *book;
	struct history *history;
	/* Reads the configuration again; `error` stays "" when that is done. */
	void (*reload)(void *arg, char *error, size_t cap);
	void *arg;
};

/* 0, or a UV_E* code (said in the log) with *out untouched. */
int control_open(struct control **out, const struct control_options *o);

/* Before orderbook_close(). */
void control_close(struct control *c);

#endif
