#ifndef ANSWER_H
#define ANSWER_H

#include <stdbool.h>
#include <stddef.h>

#include "health.h"
#include "order.h"

/*
 * The line that HAProxy gets: health, admin and weight, each from its own
 * source, and the reason.  Pure.
 *
 * HAProxy keeps each register as it was until a reply names it again, so a
 * reply names all that is known (HAProxy's manual, "agent-check").
 */
enum {
	ANSWER_REASON_MAX = 100, /* HAProxy cuts its text at 127 in all */
	ANSWER_MAX = 160,        /* a whole line with '\n' and '\0' */
};

struct answer_facts {
	enum verdict verdict;
	enum outcome because;
	const struct orders *orders; /* those in force */
	unsigned automatic;          /* per cent: the lowest automatic weight */
	const char *why; /* of that, in a word or two; NULL or "" for 100 */
};

enum answer_form {
	ANSWER_WITH_READY,    /* gives back what a drain or maint took */
	ANSWER_WITHOUT_READY, /* leaves alone what others set */
	ANSWER_WITHOUT_ADMIN, /* 0% where others say drain or maint */
};

/* What a line makes of the server, where nothing else is known. */
enum answer_told {
	ANSWER_NOTHING, /* no register that lets work in or keeps it away */
	ANSWER_IN,
	ANSWER_OUT, /* by health, or by a weight of 0 */
	ANSWER_DRAIN,
	ANSWER_MAINT,
};

enum { ANSWER_TOLDS = ANSWER_MAINT + 1 };

struct answer {
	char text[ANSWER_MAX]; /* '\n' and '\0' included */
	size_t len;            /* without '\0' */
	enum answer_told told;
	bool ready;       /* it says `ready` */
	unsigned percent; /* the weight in it */
};

/* What the weight comes to: `automatic`, or less by an order. */
unsigned answer_weight(const struct orders *o, unsigned automatic);

void answer_make(
	struct answer *a, const struct answer_facts *f, enum answer_form form);

/* "in", "drain" ... */
const char *answer_told_name(enum answer_told told);
/* The other way round; ANSWER_NOTHING for any other word. */
enum answer_told answer_told(const char *name);

/* 1 when the line says drain or maint, which only `ready` ends; else 0. */
int answer_takes(enum answer_told told);

#endif
