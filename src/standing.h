#ifndef STANDING_H
#define STANDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <uv.h>

#include "answer.h"
#include "health.h"
#include "history.h"
#include "order.h"

/*
 * Where a server stands: what was measured of it, what has been ordered, and
 * so what HAProxy is told.  The lines lie ready; they are composed anew when a
 * probe has ended, an order was given, or one of them has run out.
 */
enum { STANDING_FORMS = ANSWER_WITHOUT_ADMIN + 1, STANDING_DETAIL_MAX = 256 };

/* An order has run out, and is not in force any more. */
typedef void (*standing_ended_cb)(
	void *arg, const char *server, const struct order *ended);

/* Embedded in its owner, who must not move it.  All fields are private. */
struct standing {
	const char *name; /* of the server, for the log; borrowed */
	struct health_rules rules;
	struct health health;
	struct orders orders;
	bool probed;
	enum outcome outcome; /* of the last probe */
	char detail[STANDING_DETAIL_MAX];
	enum verdict told; /* the verdict in the last log line */
	struct {
		char text[ANSWER_MAX];
		size_t len;
	} lines[STANDING_FORMS];
	uint64_t until_ms; /* the lines are good so long */
	uv_timer_t expiry;
	struct history *history;
	standing_ended_cb ended;
	void *arg;
	void (*closed)(void *owner);
	void *owner;
};

/* What there is to see. */
struct standing_view {
	enum verdict verdict;
	uint64_t verdict_ms; /* how long it has been so */
	const char *word;    /* of the last probe's end; "none" before it */
	const char *sentence;
	const char *detail;
	char reply[ANSWER_MAX]; /* without its '\n' */
};

struct standing_options {
	uv_loop_t *loop;
	struct history *history; /* borrowed until standing_close() */
	standing_ended_cb ended;
	void *arg;
};

/* `name` is borrowed until standing_close() or standing_set_rules(). */
void standing_open(struct standing *s, const struct standing_options *o,
	const char *name, const struct health_rules *rules);
/* cb(owner) comes when libuv has let go. */
void standing_close(
	struct standing *s, void (*closed)(void *owner), void *owner);

void standing_set_rules(
	struct standing *s, const char *name, const struct health_rules *rules);

/* A probe has ended. */
void standing_probed(struct standing *s, enum outcome o, const char *detail);
enum health_pace standing_pace(const struct standing *s);

/* Putting other orders into force changes the lines at once. */
const struct orders *standing_orders(const struct standing *s);
void standing_put_orders(struct standing *s, const struct orders *orders);

/* With its '\n'; valid until the next turn of the loop. */
const char *standing_line(
	struct standing *s, enum answer_form form, size_t *len);

/* Valid until the next probe ends. */
void standing_look(struct standing *s, struct standing_view *v);

/* 1 when HAProxy would be told to send it work under `orders`, else 0. */
int standing_in_service(
	const struct standing_view *v, const struct orders *orders);

#endif
