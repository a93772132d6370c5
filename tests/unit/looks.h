#ifndef LOOKS_H
#define LOOKS_H

/*
 * The look-up is replaced by one that waits until a test lets it go on, so no
 * name server is asked: by answer() with addresses of the test's own, by
 * let_go() with what the system says.
 *
 * A header, since a test that includes it has no other lookup_start().
 */
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>

#include "addr.h"
#include "lookup.h"
#include "t.h"

enum { LOOKS_MAX = 1024 };

static struct look {
	lookup_cb cb;
	void *arg;
	char host[256], port[8];
	bool left, over;
} looks[LOOKS_MAX];

static size_t looks_n;
static size_t at_once, most_at_once;
static const char *bad_host; /* refused at once: no memory for it */

int lookup_start(struct lookup **out, uv_loop_t *loop, const char *host,
	const char *port, lookup_cb cb, void *arg)
{
	struct look *look = &looks[looks_n];

	(void)loop;
	if (bad_host != NULL && strcmp(host, bad_host) == 0)
		return UV_ENOMEM;
	assert_true(looks_n < LOOKS_MAX);
	looks_n++;
	*look = (struct look){ .cb = cb, .arg = arg };
	snprintf(look->host, sizeof(look->host), "%s", host);
	snprintf(look->port, sizeof(look->port), "%s", port);
	if (++at_once > most_at_once)
		most_at_once = at_once;
	*out = (struct lookup *)look;
	return 0;
}

void lookup_leave(struct lookup *l)
{
	((struct look *)l)->left = true;
}

static struct addrinfo *chain(const char *const *hosts, unsigned port)
{
	struct addrinfo *first = NULL, **at = &first;
	struct sockaddr_storage sa;

	for (; *hosts != NULL; hosts++) {
		/* In one piece, as freeaddrinfo() has them. */
		struct addrinfo *ai = calloc(1, sizeof(*ai) + sizeof(sa));

		assert_non_null(ai);
		assert_int_equal(addr_literal(&sa, *hosts, port), 0);
		ai->ai_addrlen = sa.ss_family == AF_INET
			? sizeof(struct sockaddr_in)
			: sizeof(struct sockaddr_in6);
		ai->ai_addr = (struct sockaddr *)(ai + 1);
		memcpy(ai->ai_addr, &sa, ai->ai_addrlen);
		*at = ai;
		at = &ai->ai_next;
	}
	return first;
}

static void finish(struct look *look, int status, struct addrinfo *found)
{
	assert_false(look->over);
	look->over = true;
	at_once--;
	look->cb(look->arg, status, found);
}

static void answer(size_t i, const char *const *hosts)
{
	assert_true(i < looks_n);
	finish(&looks[i], 0, chain(hosts, (unsigned)atoi(looks[i].port)));
}

static void fail_look(size_t i, int status)
{
	assert_true(i < looks_n);
	finish(&looks[i], status, NULL);
}

static inline void let_go(size_t i)
{
	static const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *found;

	assert_int_equal(
		getaddrinfo(looks[i].host, looks[i].port, &hints, &found), 0);
	finish(&looks[i], 0, found);
}

#endif
