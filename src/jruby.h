#ifndef JRUBY_H
#define JRUBY_H

#include <stddef.h>
#include <stdint.h>

#include "puppet.h"

/*
 * How busy a Puppet Server is, by its own figures: GET
 * /status/v1/services/jruby-metrics?level=debug, which anybody may ask.
 * Puppet marks them "experimental".  Pure.
 */
enum jruby_service {
	JRUBY_METRICS,    /* of the open-source server */
	JRUBY_PE_METRICS, /* the same in Puppet Enterprise, by another name */
};

enum {
	/* About 165 bytes for each request that runs or waits. */
	JRUBY_BODY_MAX = 1024 * 1024,
};

/* The lock that code deployment takes; a stop or a flush does not show here. */
enum jruby_lock {
	JRUBY_LOCK_NONE,
	JRUBY_LOCK_REQUESTED,
	JRUBY_LOCK_ACQUIRED,
	JRUBY_LOCK_OTHER, /* a word that we don't know */
};

struct jruby {
	unsigned jrubies; /* as configured, built yet or not */
	/*
	 * Idle.  During a stop and a flush those that came back count too, and
	 * are not lent: then `free` > 0 while somebody waits.
	 */
	unsigned free;
	unsigned borrowed;         /* requests that run */
	unsigned waiting;          /* requests that wait for a JRuby */
	uint64_t oldest_waiter_ms; /* 0 when none waits */
	/* Since the server's start; from 0 again after a restart or reload. */
	uint64_t borrow_count;
	uint64_t queue_limit_hits; /* requests sent away with a 503 */
	enum jruby_lock lock;
};

/* Writes the request and returns its length; `host` as for puppet_get(). */
size_t jruby_request(char dst[PUPPET_REQUEST_MAX], enum jruby_service which,
	const char *host);

/* 0, or UV_EINVAL where the body is not what Puppet Server writes. */
int jruby_read(struct jruby *out, const char *body, size_t len);

#endif
