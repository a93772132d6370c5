#ifndef SERVER_H
#define SERVER_H

#include <stddef.h>
#include <stdint.h>

#include <uv.h>

#include "answer.h"
#include "config.h"
#include "resolve.h"
#include "trust.h"
#include "turns.h"

/*
 * One Puppet Server: it is probed again and again, what the probes say becomes
 * a verdict, and the verdict a reply that lies ready for whoever asks.
 */
struct server;

/* An order has run out, and is not in force any more. */
typedef void (*server_ended_cb)(
	void *arg, const struct server *s, const struct order *ended);

/* What all servers of a process share; must outlive them. */
struct server_shared {
	uv_loop_t *loop;
	struct resolver *resolver;
	struct turns *turns;
	server_ended_cb ended;
	void *arg;
};

/*
 * The first probe begins after `delay_ms`.  `config` and `trust` are borrowed
 * until server_close() or server_configure().  0, or UV_ENOMEM.
 */
int server_open(struct server **out, const struct server_shared *shared,
	const struct config_server *config, struct trust *trust,
	uint64_t delay_ms);
void server_close(struct server *s);

/* The configuration was read anew, with the same target. */
void server_configure(struct server *s, const struct config_server *config,
	struct trust *trust);

/* `trust` has new files in force: sessions made under the old are dropped. */
void server_trust_changed(struct server *s, const struct trust *trust);

const char *server_name(const struct server *s);
const struct config_server *server_config(const struct server *s);

/* The orders in force.  Putting others into force changes the reply at once. */
const struct orders *server_orders(const struct server *s);
void server_put_orders(struct server *s, const struct orders *orders);

/* Probes at once, unless a probe is under way. */
void server_probe_now(struct server *s);

/* What there is to see. */
struct server_view {
	enum verdict verdict;
	uint64_t verdict_ms; /* how long it has been so */
	const char *word;    /* of the last probe's end; "none" before it */
	const char *sentence;
	const char *detail;
	char reply[ANSWER_MAX]; /* without its '\n' */
};
void server_look(struct server *s, struct server_view *v);

/* 1 when HAProxy would be told to send it work under `orders`, else 0. */
int server_view_in_service(
	const struct server_view *v, const struct orders *orders);

/* The line for a poller, with its '\n'; valid until the next turn. */
const char *server_reply(struct server *s, enum answer_form form, size_t *len);

#endif
