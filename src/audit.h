#ifndef AUDIT_H
#define AUDIT_H

#include "history.h"
#include "order.h"

/*
 * One line for each order and each end of one, in the log and the history:
 * who, what, why, old and new.  Whatever the log's level is.
 */

/* For each slot that differs; one line where none does. */
void audit_change(struct history *h, const char *server, const char *by,
	const char *command, const struct orders *old,
	const struct orders *now);

/* Something was done that is no order: "log-level debug". */
void audit_act(const char *by, const char *what, const char *word);

/* An order has ended or gone on by itself; `why`: "it has run out". */
void audit_move(struct history *h, const char *server, const struct order *was,
	const struct order *now, const char *why);

#endif
