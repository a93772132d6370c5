#ifndef STANDING_H
#define STANDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <uv.h>

#include "answer.h"
#include "canary.h"
#include "health.h"
#include "history.h"
#include "idle.h"
#include "order.h"
#include "poller.h"
#include "probed.h"
#include "tally.h"
#include "trail.h"
#include "wait.h"
#include "weight.h"

/*
 * Where a server stands: what was measured of it, what has been ordered, so
 * what HAProxy is told, and which HAProxies were told.  The lines lie ready;
 * they are composed anew when a probe has ended, an order was given, or one of
 * them has run out.
 */
enum { STANDING_FORMS = ANSWER_WITHOUT_ADMIN + 1, STANDING_ENDINGS = 8 };

/*
 * An order has ended (`now` is none), or a canary gone on, by itself; `why` is
 * a clause: "it has run out".
 */
typedef void (*standing_moved_cb)(void *arg, const char *server,
	const struct order *was, const struct order *now, const char *why);

/* What belongs on disk is not what it was. */
typedef void (*standing_changed_cb)(void *arg);

/* How an earlier probe ended. */
struct standing_ending {
	int64_t ended_s;
	enum outcome outcome;
	uint64_t total_ms;
};

struct standing_rules {
	struct health_rules health;
	struct weight_rules weight;
};

/* When probes ask for the figures of the JRubies. */
enum standing_figures { STANDING_IF_NEEDED, STANDING_ALWAYS };

/* Embedded in its owner, who must not move it.  All fields are private. */
struct standing {
	const char *name; /* of the server, for the log; borrowed */
	struct standing_rules rules;
	struct health health;
	struct weight weight;
	struct orders orders;
	struct canary canary;
	struct probed last; /* probe; its number is 0 before one has ended */
	struct standing_ending endings[STANDING_ENDINGS]; /* latest first */
	size_t n_endings;
	struct tally tally;
	struct trail trail;
	enum standing_figures figures;
	struct idle idle;
	enum verdict told;   /* the verdict in the last log line */
	struct answer noted; /* what that line was about */
	struct answer lines[STANDING_FORMS];
	uint64_t until_ms; /* the lines are good so long */
	enum poller_policy policy;
	struct pollers pollers;
	uint64_t released_ms; /* ORDER_RELEASE since */
	uv_timer_t expiry;
	struct history *history;
	standing_moved_cb moved;
	standing_changed_cb changed;
	void *arg;
	void (*closed)(void *owner);
	void *owner;
};

/* What there is to see. */
struct standing_view {
	enum verdict verdict;
	uint64_t verdict_ms;         /* how long it has been so */
	const struct probed *probed; /* the last probe */
	const struct idle *idle;
	const struct canary *canary;
	struct weight_now weight;
	const struct pollers *pollers;
	enum poller_policy policy;
	const struct answer *lines;            /* by form */
	const struct standing_ending *endings; /* the latest first */
	size_t n_endings;
	const struct tally *tally;
	const struct trail *trail;
	char reply[ANSWER_MAX]; /* without its '\n'; to one owed no `ready` */
};

struct standing_options {
	uv_loop_t *loop;
	struct history *history; /* borrowed until standing_close() */
	standing_moved_cb moved;
	standing_changed_cb changed;
	void *arg;
};

/* `name` is borrowed until standing_close() or standing_set_rules(). */
void standing_open(struct standing *s, const struct standing_options *o,
	const char *name, const struct standing_rules *rules);
/* cb(owner) comes when libuv has let go. */
void standing_close(
	struct standing *s, void (*closed)(void *owner), void *owner);

void standing_set_rules(struct standing *s, const char *name,
	const struct standing_rules *rules);

/* A probe has ended. */
void standing_probed(struct standing *s, const struct probed *p);
/* None could be made: the CA's files are not there. */
void standing_unprobed(struct standing *s);
enum health_pace standing_pace(const struct standing *s);

/* STANDING_IF_NEEDED, before it is called. */
void standing_set_figures(struct standing *s, enum standing_figures figures);
/* 1 while an order, a rule or somebody wants to know how busy it is; else 0. */
int standing_wants_figures(const struct standing *s);
/* 1 when a canary has begun after the last probe, which didn't ask; else 0. */
int standing_lacks_figures(const struct standing *s);

/* Putting other orders into force changes the lines at once. */
const struct orders *standing_orders(const struct standing *s);
void standing_put_orders(struct standing *s, const struct orders *orders);

/* To whom `ready` is said where it is not owed (usher.conf(5), `ready`). */
void standing_set_policy(struct standing *s, enum poller_policy policy);

/* A poll by `host`: its line, with its '\n'; valid until the next turn. */
const char *standing_line(
	struct standing *s, const struct addr_host *host, size_t *len);

/* A health check over HTTP. */
void standing_checked(struct standing *s);

const struct pollers *standing_pollers(const struct standing *s);
/* Every poller is owed `ready`. */
void standing_owe(struct standing *s);
/* Time has passed: says who has stopped to ask. */
void standing_look_at_pollers(struct standing *s);

/* How far what is on disk can be trusted. */
enum standing_trust { STANDING_SURE, STANDING_DOUBTFUL };

/*
 * Before anything else: goes on with the orders and pollers of an earlier run,
 * or of a server of this name.  Says in the log only what has run out.
 */
void standing_restore(struct standing *s, const struct orders *orders,
	const struct pollers *pollers, enum standing_trust trust);

/* What has run out goes, and the lines are what they should be now. */
void standing_refresh(struct standing *s);

/* The line that one gets who is owed nothing. */
const char *standing_usual_line(const struct standing *s);

/* Borrows from the standing: valid until the next turn of the loop. */
void standing_look(struct standing *s, struct standing_view *v);

/* 1 when ORDER_RELEASE has done its work, so that nobody need ask; else 0. */
int standing_released(const struct standing *s);

/* For who waits; valid as standing_look()'s. */
struct wait_facts standing_wait_facts(struct standing *s);

/* 1 when HAProxy would be told to send it work under `orders`, else 0. */
int standing_in_service(
	const struct standing_view *v, const struct orders *orders);

#endif
