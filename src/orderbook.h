#ifndef ORDERBOOK_H
#define ORDERBOOK_H

#include <stddef.h>

#include <uv.h>

#include "change.h"
#include "command.h"
#include "fleet.h"
#include "history.h"
#include "store.h"

/*
 * Owns the orders: nothing else changes them.  A durable one is on disk before
 * it is in force, and before who gave it hears "ok".
 */
struct orderbook;
struct orderbook_entry;

/* How an order has ended; valid during the callback only. */
struct orderbook_result {
	enum command_exit code;
	const char *error; /* the sentence; "" with COMMAND_EXIT_DONE */
	const struct change_target *targets; /* as they are now */
	size_t n;
};

/* Once. */
typedef void (*orderbook_cb)(void *arg, const struct orderbook_result *r);

/*
 * Reads what is on disk.  `history` is borrowed until orderbook_close().  0,
 * or UV_ENOMEM.
 */
int orderbook_open(struct orderbook **out, uv_loop_t *loop,
	struct history *history, const char *state_dir);

/* What the fleet is to be opened with. */
struct fleet_owner orderbook_owner(struct orderbook *b);

/* The fleet stands; `fleet` is borrowed until orderbook_close(). */
void orderbook_start(struct orderbook *b, struct fleet *fleet);

/* Before fleet_close().  No callback after this. */
void orderbook_close(struct orderbook *b);
/* When the loop has ended. */
void orderbook_free(struct orderbook *b);

/*
 * Takes an order.  cb comes in a later turn, unless the entry is forgotten
 * first; NULL without memory.
 */
struct orderbook_entry *orderbook_give(struct orderbook *b,
	const struct command *command, const char *who, orderbook_cb cb,
	void *arg);
void orderbook_forget(struct orderbook_entry *entry);

/* All servers as they are; the caller frees it.  NULL without memory. */
struct change_target *orderbook_look(const struct orderbook *b, size_t *n);

/* What is wrong with the state file; "" where nothing is. */
const char *orderbook_problem(const struct orderbook *b);

#endif
