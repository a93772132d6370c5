#ifndef HELD_H
#define HELD_H

#include "command.h"
#include "history.h"
#include "orderbook.h"
#include "serve.h"

/*
 * Connections of the control socket that are answered later: orders on their
 * way to the disk, and monitors, for as long as they last.
 */
struct held;

struct held_list {
	struct orderbook *book; /* borrowed until held_close() */
	struct held *first;
};

/* Both: 0, or UV_ENOMEM with nothing held; else SERVE_HOLD is the answer. */
int held_order(struct held_list *l, struct serve_conn *conn,
	const struct command *command, const char *who);
int held_monitor(struct held_list *l, struct serve_conn *conn,
	const struct command *command);

/* Tells all monitors of a change. */
void held_tell(struct held_list *l, const struct history_entry *e);

/* SERVE_GONE: the connection that brought `held` has ended. */
void held_gone(void *held);

/* The connections are closed: forgets them all. */
void held_close(struct held_list *l);

#endif
