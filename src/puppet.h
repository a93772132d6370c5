#ifndef PUPPET_H
#define PUPPET_H

#include <stddef.h>

#include "outcome.h"

/*
 * What is asked of a Puppet Server, and what its answer means.  Pure.
 *
 * simple: Puppet Server 2 and later, GET /status/v1/simple, one word as text
 * (Puppet's manual, "Status API: Simple").  legacy: Puppet 3's master, GET
 * /production/status/no_key, JSON with `is_alive`.
 */
enum puppet_check { PUPPET_SIMPLE, PUPPET_LEGACY };

enum {
	PUPPET_REQUEST_MAX = 512,
	PUPPET_BODY_MAX = 65536, /* a larger answer is none of these */
};

/*
 * Write a request and return its length.  `host` is the name that the
 * certificate bears: Puppet Server answers 400 where Host and SNI differ.
 */
size_t puppet_get(char dst[PUPPET_REQUEST_MAX], const char *path,
	const char *accept, const char *host);
size_t puppet_request(char dst[PUPPET_REQUEST_MAX], enum puppet_check check,
	const char *host);

/* Reads the answer: status code and decoded body. */
enum outcome puppet_outcome(
	enum puppet_check check, int code, const char *body, size_t len);

#endif
