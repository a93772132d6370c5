#ifndef PROBE_H
#define PROBE_H

#include <stddef.h>
#include <stdint.h>

#include <uv.h>

#include "addr.h"
#include "exchange.h"
#include "outcome.h"
#include "resolve.h"
#include "tls.h"
#include "turns.h"

/*
 * One probe: a fresh connection, TLS, one HTTP request, its answer, perhaps a
 * second request and its answer, all under one deadline.  Fresh, because that
 * is what Puppet's agents will need.
 *
 * The first answer alone decides the outcome.  The second request is sent only
 * after a 200 that leaves the connection open, and whatever goes wrong from
 * there on takes nothing from the report but answers[1].
 */
struct probe;

enum {
	PROBE_DETAIL_MAX = 256,
	PROBE_NAME_MAX = 256,
	PROBE_REQUEST_MAX = 512,
	PROBE_REQUESTS_MAX = EXCHANGE_MAX,
	/* A deadline seen so late was slept through, here: OUTCOME_INTERNAL. */
	PROBE_STANDSTILL_MS = 1000,
};

struct probe_request {
	const char *text;
	size_t len;      /* at most PROBE_REQUEST_MAX */
	size_t body_max; /* of its answer, in bytes */
};

/* Copied by probe_start(); only `turns` must live on, with the loop. */
struct probe_target {
	struct resolve_addrs addrs; /* tried in this order; at least one */
	struct tlsconf *conf;       /* the probe takes a reference */
	const char *tls_name;
	const struct tls_saved *resume; /* or NULL */
	struct probe_request requests[PROBE_REQUESTS_MAX];
	size_t n_requests; /* at least one */
	uint64_t timeout_ms;
	struct turns *turns;
};

struct probe_answer {
	int code;         /* HTTP status; 0: none came whole */
	const char *body; /* not terminated */
	size_t body_len;
};

enum probe_second {
	PROBE_NOT_SENT,
	PROBE_SENT,       /* what is missing didn't come whole, or in time */
	PROBE_OVER_LIMIT, /* its answer is longer than its cap */
};

/* Valid during the callback only. */
struct probe_report {
	enum outcome outcome; /* OUTCOME_OK: the first answer came whole */
	struct probe_answer answers[PROBE_REQUESTS_MAX];
	char detail[PROBE_DETAIL_MAX]; /* the facts behind a bad outcome */
	/*
	 * Why answers[1] is missing; "" when it came or was not wanted, and
	 * when the outcome is bad, which says it all.
	 */
	char second_detail[PROBE_DETAIL_MAX];
	enum probe_second second; /* how far it got */
	struct tls_saved *saved;  /* to resume from; the callback's to keep */
	const char *tls_version;  /* NULL before the handshake is over */
	int resumed;
	char peer[ADDR_TEXT_MAX]; /* that is connected; "" before */
	/*
	 * The server's, after a full handshake, and after one that failed over
	 * it; else all zero.
	 */
	struct tls_certificate cert;
	/* Since the start, in ms; 0 for what was not reached. */
	uint64_t connected_ms, secured_ms;
	uint64_t answered_ms; /* the first answer was whole */
	uint64_t ended_ms;
};

/*
 * Called exactly once per probe_start() that returned 0, never from inside
 * probe_start(), and not after probe_close().
 */
typedef void (*probe_cb)(struct probe_report *r, void *arg);

/* 0, or a UV_E* code with *out untouched and cb never called. */
int probe_start(struct probe **out, uv_loop_t *loop,
	const struct probe_target *target, probe_cb cb, void *arg);

/* 1 in the middle of a full handshake, which computes; else 0. */
int probe_computes(const struct probe *p);

/* Ends a probe whose callback has not come, without it. */
void probe_close(struct probe *p);

#endif
