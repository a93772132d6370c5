#ifndef LOOKS_H
#define LOOKS_H

/*
 * libuv's look-up is replaced by one that waits until a test lets it go on, so
 * no name server is asked: by answer() with addresses of the test's own, by
 * let_go() with what the system says.
 *
 * A header, since a test that includes it has no other uv_getaddrinfo().
 */
#include <dlfcn.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>

#include "addr.h"
#include "t.h"

enum { LOOKS_MAX = 16 };

static struct look {
	uv_loop_t *loop;
	uv_getaddrinfo_t *req;
	uv_getaddrinfo_cb cb;
	char host[256], port[8];
	bool over;
} looks[LOOKS_MAX];

static size_t looks_n;
static size_t at_once, most_at_once;
static size_t cancelled;
static const char *bad_host; /* refused at once, as libuv refuses some */

typedef int (*getaddrinfo_fn)(uv_loop_t *, uv_getaddrinfo_t *,
	uv_getaddrinfo_cb, const char *, const char *, const struct addrinfo *);

int uv_getaddrinfo(uv_loop_t *loop, uv_getaddrinfo_t *req, uv_getaddrinfo_cb cb,
	const char *host, const char *port, const struct addrinfo *hints)
{
	struct look *look = &looks[looks_n];

	assert_int_equal(hints->ai_socktype, SOCK_STREAM);
	if (bad_host != NULL && strcmp(host, bad_host) == 0)
		return UV_EINVAL;
	assert_true(looks_n < LOOKS_MAX);
	looks_n++;
	*look = (struct look){ .loop = loop, .req = req, .cb = cb };
	snprintf(look->host, sizeof(look->host), "%s", host);
	snprintf(look->port, sizeof(look->port), "%s", port);
	if (++at_once > most_at_once)
		most_at_once = at_once;
	return 0;
}

/* None of these can be taken back: each is in the hands of a thread. */
int uv_cancel(uv_req_t *req)
{
	(void)req;
	cancelled++;
	return UV_EBUSY;
}

/* Only for chains that answer() has made or the system. */
void uv_freeaddrinfo(struct addrinfo *ai)
{
	struct addrinfo *next;

	if (ai != NULL && ai->ai_flags != -1) {
		freeaddrinfo(ai);
		return;
	}
	for (; ai != NULL; ai = next) {
		next = ai->ai_next;
		free(ai->ai_addr);
		free(ai);
	}
}

static struct addrinfo *chain(const char *const *hosts, unsigned port)
{
	struct addrinfo *first = NULL, **at = &first;
	struct sockaddr_storage sa;

	for (; *hosts != NULL; hosts++) {
		struct addrinfo *ai = calloc(1, sizeof(*ai));

		assert_non_null(ai);
		assert_int_equal(addr_literal(&sa, *hosts, port), 0);
		ai->ai_flags = -1;
		ai->ai_addrlen = sa.ss_family == AF_INET
			? sizeof(struct sockaddr_in)
			: sizeof(struct sockaddr_in6);
		ai->ai_addr = malloc(ai->ai_addrlen);
		assert_non_null(ai->ai_addr);
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
	look->cb(look->req, status, found);
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

static void on_let_go(uv_getaddrinfo_t *req, int status, struct addrinfo *found)
{
	for (size_t i = 0; i < looks_n; i++)
		if (looks[i].req == req && !looks[i].over)
			finish(&looks[i], status, found);
}

static void let_go(size_t i)
{
	static const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	getaddrinfo_fn real;

	*(void **)&real = dlsym(RTLD_NEXT, "uv_getaddrinfo");
	assert_non_null(real);
	assert_int_equal(real(looks[i].loop, looks[i].req, on_let_go,
				 looks[i].host, looks[i].port, &hints),
		0);
}

#endif
