#ifndef HISTORY_H
#define HISTORY_H

#include <stddef.h>
#include <stdint.h>

/*
 * The last changes, for `usherctl log`, and as they come, for `usherctl
 * monitor`: verdicts, replies, orders.  Pure, but for the time that is passed
 * in.
 */
enum { HISTORY_MAX = 200, HISTORY_TEXT_MAX = 384 };

struct history_entry {
	int64_t time_s; /* wall clock */
	char server[256];
	const char *what;            /* "verdict" or "order"; static */
	char text[HISTORY_TEXT_MAX]; /* for people, without '\n' */
};

struct history; /* HISTORY_MAX entries; the oldest makes room */

typedef void (*history_cb)(void *arg, const struct history_entry *e);

/* NULL without memory. */
struct history *history_new(void);
void history_free(struct history *h);

/* Who wants to hear of each new entry; NULL: nobody. */
void history_follow(struct history *h, history_cb cb, void *arg);

void history_add(struct history *h, int64_t now_s, const char *server,
	const char *what, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

/* The i-th of those that are left, the oldest first; NULL past the last. */
const struct history_entry *history_get(const struct history *h, size_t i);

#endif
