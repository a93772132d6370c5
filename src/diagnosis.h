#ifndef DIAGNOSIS_H
#define DIAGNOSIS_H

#include <stddef.h>

#include "hastats.h"

/*
 * Whether usher's replies can take effect on a server, by what HAProxy says of
 * it.  Pure.
 */
enum diagnosis_level {
	DIAGNOSIS_ERROR, /* they can't, or not all of them */
	DIAGNOSIS_NOTE,  /* good to know */
};

enum { DIAGNOSIS_MAX = 12, DIAGNOSIS_TEXT_MAX = 320 };

struct finding {
	enum diagnosis_level level;
	const char *code; /* one word, for scripts */
	char text[DIAGNOSIS_TEXT_MAX];
};

struct diagnosis {
	struct finding list[DIAGNOSIS_MAX];
	size_t n;
	size_t errors;
};

/*
 * 1 where there is something to say: the server has an agent-check, tracks one
 * that has, or stands beside one that has; else 0.
 */
int diagnosis_concerns(const struct hastats *all, size_t i);

/* Of one server that it concerns. */
void diagnosis_of_server(
	struct diagnosis *d, const struct hastats *all, size_t i);

/* Of what is no single server's. */
void diagnosis_of_all(struct diagnosis *d, const struct hastats *all);

/* --- for the parts of it --- */

/* How HAProxy refuses a percentage. */
#define DIAGNOSIS_REFUSAL "static LB algorithm"

void diagnosis_add(struct diagnosis *d, enum diagnosis_level level,
	const char *code, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* 1 when `text` is in the list, which NULL ends; else 0. */
int diagnosis_one_of(const char *text, const char *const *list);

void diagnosis_of_agent(struct diagnosis *d, const struct ha_server *s);

#endif
