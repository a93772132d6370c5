#ifndef FLEET_H
#define FLEET_H

#include <uv.h>

#include "config.h"

/*
 * What one configuration makes: the servers, the files that their TLS trusts,
 * and the ports where HAProxy asks for them.
 */
struct fleet;

/* With nothing in it.  0, or UV_ENOMEM. */
int fleet_open(struct fleet **out, uv_loop_t *loop);

/*
 * Goes over to `config` and takes it over: what is in both the old and the new
 * one goes on undisturbed.  0, or a UV_E* code (said in the log): then all is
 * as before, and `config` still yours.
 */
int fleet_configure(struct fleet *f, struct config *config);

/* Looks at CA, CRL, certificate and key files now. */
void fleet_look(struct fleet *f);

/*
 * Closes everything.  FLEET_WAITING: a look-up is under way that nothing can
 * cancel, so the loop won't end by itself before it does.
 */
enum fleet_end { FLEET_DONE, FLEET_WAITING };
enum fleet_end fleet_close(struct fleet *f);

/* When the loop has ended. */
void fleet_free(struct fleet *f);

#endif
