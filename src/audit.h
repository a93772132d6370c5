#ifndef AUDIT_H
#define AUDIT_H

#include "history.h"
#include "order.h"

/*
 * One line for each order and each end of one, in the log and the history:
 * who, what, why, old and new.
 */

/* For each slot that differs. */
void audit_change(struct history *h, const char *server, const char *by,
	const struct orders *old, const struct orders *now);

/* An order has ended by itself; `why` is a clause: "it has run out". */
void audit_end(struct history *h, const char *server, const struct order *ended,
	const char *why);

#endif
