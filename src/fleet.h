#ifndef FLEET_H
#define FLEET_H

#include <uv.h>

#include "agent.h"
#include "config.h"
#include "httpd.h"
#include "server.h"
#include "store.h"
#include "trust.h"

/*
 * What one configuration makes: the servers, the files that their TLS trusts,
 * and the ports where HAProxy asks for them.
 */
struct fleet;

/* What the fleet has from who owns the orders. */
struct fleet_owner {
	/* What is on disk for a new server, and where one that leaves is kept.
	 */
	struct store *store;
	struct standing_options standing; /* its arg is also theirs */
	struct httpd_handler http;        /* who answers on the ports for it */
};

/* With nothing in it.  `owner` is copied.  0, or UV_ENOMEM. */
int fleet_open(
	struct fleet **out, uv_loop_t *loop, const struct fleet_owner *owner);

/*
 * Goes over to `config` and takes it over: what is in both the old and the new
 * one goes on undisturbed.  0, or a UV_E* code (said in the log): then all is
 * as before, and `config` still yours.
 */
int fleet_configure(struct fleet *f, struct config *config);

/* The configuration in use; borrowed until the next fleet_configure(). */
const struct config *fleet_config(const struct fleet *f);

uv_loop_t *fleet_loop(const struct fleet *f);

/* What the ports have counted. */
const struct agent_record *fleet_record(const struct fleet *f);

/* The i-th server of the configuration, or by its name; NULL for none. */
struct server *fleet_server(const struct fleet *f, size_t i);
struct server *fleet_find(const struct fleet *f, const char *name);

/*
 * The i-th set of CA, CRL, certificate and key files, NULL past the last;
 * *like is one server that names them.
 */
const struct trust *fleet_trust(
	const struct fleet *f, size_t i, const struct config_server **like);

/* Where HAProxy asks for a server: an address with its real port. */
enum fleet_port {
	FLEET_PORT_NONE,   /* closed, after a release */
	FLEET_PORT_OWN,    /* no name need be sent */
	FLEET_PORT_SHARED, /* by several: its name must be */
};
enum fleet_port fleet_port(
	const struct fleet *f, const char *server, char address[ADDR_TEXT_MAX]);

/* Looks at CA, CRL, certificate and key files now. */
void fleet_look(struct fleet *f);

/* Closes everything; the loop doesn't wait for look-ups under way. */
void fleet_close(struct fleet *f);

/* When the loop has ended. */
void fleet_free(struct fleet *f);

#endif
