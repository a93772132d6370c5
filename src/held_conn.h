#ifndef HELD_CONN_H
#define HELD_CONN_H

#include "held.h"
#include "orderbook.h"
#include "probing.h"
#include "waiting.h"

/*
 * What held.c (the connections: who is let in, whose turn it is, how they end)
 * and held_work.c (what they wait for) share; for these alone.
 */

typedef void (*held_turn)(struct held *h);

/* At most one of entry, waiting, probing and in_turn; none: a monitor. */
struct held {
	struct held_list *list;
	struct held *next;
	struct serve_conn *conn;
	struct command command;
	enum who_right right;
	uid_t uid; /* where that is WHO_MAY_LOOK */
	struct orderbook_entry *entry;
	struct waiting *waiting;
	struct probing *probing;
	held_turn in_turn;     /* until it is called */
	held_report_make make; /* of a report, or of a probe's */
};

/* NULL without memory. */
struct held *held_add(struct held_list *l, struct serve_conn *conn,
	const struct command *command);

/* Of who may only look, so many; see held.h for what it returns. */
int held_let_in(struct held **out, struct held_list *l, struct serve_conn *conn,
	const struct command *command, const struct who *who,
	char error[COMMAND_ERROR_MAX]);

/* in_turn(h) comes in a turn of the loop that nobody else has. */
void held_take_turn(struct held *h, held_turn in_turn);

/* The last of the reply has been written.  All three free `h`. */
void held_finish(struct held *h);
void held_finish_error(
	struct held *h, enum command_exit code, const char *sentence);
void held_take_out(struct held *h);

#endif
