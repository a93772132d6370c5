#ifndef HELD_H
#define HELD_H

#include "command.h"
#include "history.h"
#include "serve.h"
#include "show.h"

/*
 * Connections of the control socket that are answered later: orders on their
 * way to the disk, and who waits for what they bring; probes; and monitors,
 * for as long as they last.
 */
struct held;

struct held_list {
	struct show show; /* its parts are borrowed until held_close() */
	struct held *first;
};

/*
 * Each: 0 when the connection is held, or UV_ENOMEM; held_wait() and
 * held_probe() also UV_EINVAL, with the sentence.
 */
int held_order(struct held_list *l, struct serve_conn *conn,
	const struct command *command, const char *who);
int held_monitor(struct held_list *l, struct serve_conn *conn,
	const struct command *command);
int held_wait(struct held_list *l, struct serve_conn *conn,
	const struct command *command, char error[COMMAND_ERROR_MAX]);
int held_probe(struct held_list *l, struct serve_conn *conn,
	const struct command *command, char error[COMMAND_ERROR_MAX]);

/* Tells all monitors of a change. */
void held_tell(struct held_list *l, const struct history_entry *e);

/* SERVE_GONE: the connection that brought `held` has ended. */
void held_gone(void *held);

/* The connections are closed: forgets them all. */
void held_close(struct held_list *l);

#endif
