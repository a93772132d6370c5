#ifndef SERVER_H
#define SERVER_H

#include <stddef.h>
#include <stdint.h>

#include <uv.h>

#include "config.h"
#include "gate.h"
#include "resolve.h"
#include "standing.h"
#include "trust.h"
#include "turns.h"

/*
 * One Puppet Server: it is probed again and again, what the probes say becomes
 * a verdict, and the verdict a reply that lies ready for whoever asks.
 */
struct server;

/* What all servers of a process share; must outlive them. */
struct server_shared {
	uv_loop_t *loop;
	struct resolver *resolver;
	struct turns *turns;
	struct gate *gate; /* for probes with a full handshake */
	struct standing_options standing;
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

/* Its verdict, orders and lines; lives as long as the server. */
struct standing *server_standing(struct server *s);

/* Orders or intervals have changed: the next probe may have to come sooner. */
void server_keep_pace(struct server *s);

/*
 * Looks its name up and probes, with a full handshake, at once or when the
 * probe under way has ended.  Returns the number of that probe.
 */
uint64_t server_probe_now(struct server *s);
uint64_t server_probes_ended(const struct server *s);

#endif
