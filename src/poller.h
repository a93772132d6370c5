#ifndef POLLER_H
#define POLLER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"
#include "answer.h"

/*
 * Who asks about one server: HAProxies, told apart by their address; when they
 * ask, what each was told, and to whom `ready` is owed.  Pure: time is passed
 * in.
 *
 * HAProxy keeps drain and maint until somebody says `ready`, and its own
 * admin uses the same register (HAProxy's Management Guide, "set server").
 * So usher gives back only what it took: a poller that was told drain or maint
 * is owed `ready` from the moment when that ends, for at least POLLER_PAY_MIN
 * replies over POLLER_PAY_MS and POLLER_PAY_GAPS of its longest gap, since one
 * address may be several balancers, and a reply may get lost.
 */
enum {
	POLLER_MAX = 64, /* addresses per server; the rest always get `ready` */
	POLLER_PAY_MIN = 3,
	POLLER_PAY_MS = 30 * 1000,
	POLLER_PAY_GAPS = 3,
	POLLER_NEW_OWED_S = 24 * 3600, /* a new one, after a drain's end */
	POLLER_LIVE_POLLS = 3,
	POLLER_LIVE_GAPS = 3,      /* intervals that the last poll may be old */
	POLLER_LIVE_MIN_MS = 3000, /* and no less: a hiccup is not an end */
	POLLER_GAP_MAX_MS = 600 * 1000,    /* a longer gap says no more */
	POLLER_FORGET_MS = 24 * 3600000,   /* one that stays away */
	POLLER_FORGET_OWED_S = 30 * 86400, /* likewise, and is owed */
	POLLER_PASSER_MS = 10 * 60 * 1000, /* one that never came often */
	POLLER_NOBODY_MS = 30 * 1000,      /* until "nobody polls" is said */
};

/* usher.conf(5), `ready`. */
enum poller_policy { POLLER_AUTO, POLLER_ALWAYS, POLLER_NEVER };

struct poller_time {
	uint64_t ms; /* as clock_now_ms() counts */
	int64_t s;   /* wall clock, since 1970 */
};

/* To be read; poller.c alone changes it. */
struct poller {
	struct addr_host host;
	uint64_t last_ms; /* the last poll; 0: none since the start */
	int64_t last_s;   /* likewise, of an earlier run too; 0: never */
	uint64_t polls;   /* since the start */
	uint64_t counts[ANSWER_TOLDS]; /* of them, by what was told */
	uint64_t interval_ms; /* the usual longest time between two polls */
	uint64_t longest_ms;  /* likewise, pauses too; fades */
	uint64_t odd_ms;      /* a pause that may be a new interval, or 0 */
	enum answer_told told;
	bool taken; /* is owed `ready` */
	bool sure;  /* because it was told drain or maint */
	unsigned paid;
	uint64_t paid_since_ms;
	bool earlier; /* it came often enough in an earlier run */
	bool silent;  /* has been found so */
};

/* All zero: nobody has ever asked.  Owns the list. */
struct pollers {
	struct poller *list;
	size_t n;
	uint64_t others[ANSWER_TOLDS]; /* polls of those who had no place */
	uint64_t checks;   /* health checks over HTTP, by whomever */
	int64_t checked_s; /* the last of them; 0: none */
	int64_t ended_s;   /* a drain or maint was in force last; 0: never */
	enum answer_told saying; /* to all, now */
	uint64_t since_ms;       /* the start */
	bool nobody;             /* said that nobody polls */
	bool unsaved;            /* set here; whoever writes it clears it */
};

void pollers_start(struct pollers *p, struct poller_time now);
void pollers_free(struct pollers *p);

/* Adds one of an earlier run. */
void pollers_restore(struct pollers *p, const struct poller *was);
/* Makes `p` what `from` is.  0, or UV_ENOMEM with `p` as it was. */
int pollers_copy(struct pollers *p, const struct pollers *from);

/* Somebody has asked over HTTP, as a health check does. */
void pollers_checked(struct pollers *p, struct poller_time now);

/* Every poller is owed: somebody asked for it. */
void pollers_take_all(struct pollers *p);
/* Likewise, and who comes within POLLER_NEW_OWED_S: the table may be wrong. */
void pollers_doubt(struct pollers *p, struct poller_time now);

/* The line has changed: `told` is what its form with ready says. */
void pollers_say(
	struct pollers *p, enum answer_told told, struct poller_time now);

/* A poll: which of the lines, by form, is given. */
enum answer_form pollers_poll(struct pollers *p, enum poller_policy policy,
	const struct addr_host *host, struct poller_time now,
	const struct answer *lines);

/* 1 when it has come often enough, and lately; else 0. */
int poller_live(const struct poller *p, struct poller_time now);

/* 1 when it has come often enough, in this run or an earlier one; else 0. */
int poller_known(const struct poller *p);

/* 1 when it has come lately, or may still come after a start; else 0. */
int poller_expected(const struct pollers *all, const struct poller *p,
	struct poller_time now);

/* 1 when its next line says `ready`, unless that is drain or maint; else 0. */
int poller_owed(const struct pollers *all, const struct poller *p);

enum poller_event { POLLER_SILENT, POLLER_BACK, POLLER_NOBODY };

/* `p` is NULL with POLLER_NOBODY. */
typedef void (*poller_event_cb)(
	void *arg, enum poller_event event, const struct poller *p);

/* Time has passed: tells what has become of them, and forgets old ones. */
void pollers_look(struct pollers *p, struct poller_time now, poller_event_cb cb,
	void *arg);

#endif
