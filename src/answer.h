#ifndef ANSWER_H
#define ANSWER_H

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
};

enum answer_form {
	ANSWER_WITH_READY,    /* gives back what a drain or maint took */
	ANSWER_WITHOUT_READY, /* leaves alone what others set */
	ANSWER_WITHOUT_ADMIN, /* 0% where others say drain or maint */
};

/* Writes the line, '\n' and '\0' included; returns its length without '\0'. */
size_t answer_line(char line[ANSWER_MAX], const struct answer_facts *f,
	enum answer_form form);

#endif
