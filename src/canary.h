#ifndef CANARY_H
#define CANARY_H

#include <stdbool.h>
#include <stdint.h>

#include "health.h"
#include "order.h"
#include "probed.h"

/*
 * When a canary plan may take its next step.  Pure: time is passed in, as
 * clock_now_ms() counts it.
 *
 * The time at a step counts only while the server is let in: what has served
 * nobody has tried nothing.  A restart of usherd begins it anew.
 */
struct canary_facts {
	enum verdict verdict;
	const struct orders *orders; /* in force */
	const struct probed *probed; /* the last probe */
};

/* All zero at first, and after each order for the weight. */
struct canary {
	uint64_t from_ms; /* let in at this step since; 0: it is not */
	bool held; /* the next step is due, but something speaks against */
};

enum canary_event {
	CANARY_WAITS,
	CANARY_HELD,    /* from now on */
	CANARY_GOES_ON, /* the next step is to be taken now */
};

/* A probe has ended at now_ms. */
enum canary_event canary_follow(
	struct canary *c, const struct canary_facts *f, uint64_t now_ms);

/* Until the next step of a plan that goes on by itself, else UINT64_MAX. */
uint64_t canary_left_ms(
	const struct canary *c, const struct order *o, uint64_t now_ms);

/*
 * What speaks against the next step, as a clause: "2 requests wait for a
 * JRuby".  1, or 0 where nothing does.
 */
enum { CANARY_TEXT_MAX = 160 };
int canary_objection(
	char clause[CANARY_TEXT_MAX], const struct canary_facts *f);

#endif
