#ifndef WAIT_H
#define WAIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "health.h"
#include "idle.h"
#include "poller.h"

/*
 * How far one server is on its way out of service, or back into it, for
 * `usherctl --wait`.  Pure: time and facts are passed in, again and again.
 *
 * Out (WAIT_IDLE) takes three things: who polls has been told; at
 * least WAIT_SETTLE_MS have passed since, because one address may be several
 * balancers; and the server has been idle for WAIT_IDLE_MS, because agents
 * keep a connection for 4 s between two requests (Puppet's
 * http_keepalive_timeout).  A server whose port is closed is idle.  Where its
 * JRubies can't be seen, `blind_ms` since that and the delivery stand for it.
 */
enum wait_goal { WAIT_IDLE, WAIT_SERVING, WAIT_RELEASED };

enum {
	WAIT_SETTLE_MS = 5000,
	WAIT_IDLE_MS = 5000,
	WAIT_BLIND_MS = 30 * 1000, /* the default of blind_ms */
	WAIT_TEXT_MAX = 256,
};

struct wait_rules {
	enum wait_goal goal;
	uint64_t blind_ms;
};

struct wait_facts {
	const struct pollers *pollers;
	enum answer_told saying; /* what a poller is told now */
	enum verdict verdict;
	bool ordered_out; /* by an order, not by the verdict */
	bool releasing;   /* ORDER_RELEASE is in force */
	bool released;    /* and every live poller has been given back */
	const struct idle *idle;
};

/* All zero before the first call.  wait.c only. */
struct wait {
	bool begun;
	bool delivered;
	uint64_t delivered_ms;
	enum idle_sight sight;
	unsigned running, waiting; /* as last said */
	enum verdict verdict;      /* likewise */
	bool ordered_out;          /* likewise */
};

enum wait_state {
	WAIT_GOES_ON,
	WAIT_DONE,
	WAIT_LOST, /* it can't come any more: the order has ended */
};

/*
 * Looks at the facts.  `text` is what there is to say since the last call, ""
 * for nothing; with WAIT_LOST it says why.
 */
enum wait_state wait_advance(struct wait *w, const struct wait_rules *rules,
	const struct wait_facts *f, struct poller_time now,
	char text[WAIT_TEXT_MAX]);

/* What it still waits for, as a clause: "2 requests are running". */
void wait_lacks(const struct wait *w, const struct wait_rules *rules,
	const struct wait_facts *f, struct poller_time now,
	char text[WAIT_TEXT_MAX]);

#endif
