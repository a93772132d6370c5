#ifndef PROBE_H
#define PROBE_H

#include <stddef.h>
#include <stdint.h>

#include <uv.h>

#include "outcome.h"
#include "resolve.h"
#include "tls.h"
#include "turns.h"

/*
 * One probe: a fresh connection, TLS, one HTTP request, one answer, all under
 * one deadline.  Fresh, because that is what Puppet's agents will need.
 */
struct probe;

enum {
	PROBE_DETAIL_MAX = 256,
	PROBE_NAME_MAX = 256,
	PROBE_REQUEST_MAX = 512,
};

/* Copied by probe_start(); only `turns` must live on until the callback. */
struct probe_target {
	struct resolve_addrs addrs; /* tried in this order; at least one */
	struct tlsconf *conf;       /* the probe takes a reference */
	const char *tls_name;
	const struct tls_saved *resume; /* or NULL */
	const char *request;
	size_t request_len;
	size_t body_max; /* bytes */
	uint64_t timeout_ms;
	struct turns *turns;
};

/* Valid during the callback only. */
struct probe_report {
	enum outcome outcome; /* OUTCOME_OK: an HTTP answer came whole */
	int code;             /* its status */
	const char *body;     /* not terminated */
	size_t body_len;
	char detail[PROBE_DETAIL_MAX]; /* the facts behind a bad outcome */
	struct tls_saved *saved; /* to resume from; the callback's to keep */
	const char *tls_version; /* NULL before the handshake is over */
	int resumed;
	/* Since the start, in ms; 0 for what was not reached. */
	uint64_t connected_ms, secured_ms, ended_ms;
};

/*
 * Called exactly once per probe_start() that returned 0, never from inside
 * probe_start(), and not after probe_close().
 */
typedef void (*probe_cb)(struct probe_report *r, void *arg);

/* 0, or a UV_E* code with *out untouched and cb never called. */
int probe_start(struct probe **out, uv_loop_t *loop,
	const struct probe_target *target, probe_cb cb, void *arg);

/* Ends a probe whose callback has not come, without it. */
void probe_close(struct probe *p);

#endif
