#ifndef CERTFILES_H
#define CERTFILES_H

#include <uv.h>

#include "config.h"
#include "trust.h"

/*
 * The CA, CRL, certificate and key files that a server's options name.
 */

/* 1 when both name the same files, else 0. */
int certfiles_same(
	const struct config_server *a, const struct config_server *b);

/* Opens a trust (trust.h) for them; says in the log what is switched off. */
int certfiles_open(struct trust **out, uv_loop_t *loop,
	const struct config_server *config, trust_cb cb, void *arg);

/*
 * One line for what has become of the files, and one for each note.  `config`
 * is of one server that names them.
 */
void certfiles_log(const struct config_server *config, enum trust_event event,
	const struct tlsconf_report *report);

#endif
