/*
 * Life of a look-up: resolve_ask() puts the name into the queue; start_some()
 * takes it out when there is a place.  A look is apart from the name, since it
 * can't be taken back: when the name is closed meanwhile, the look is orphaned
 * and ends by itself.
 */
#include "resolve.h"

#include <assert.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "addr.h"
#include "lookup.h"

struct look {
	struct lookup *lookup;
	struct resolver *resolver;
	struct resolve_name *name; /* NULL: orphaned */
};

struct resolver {
	uv_loop_t *loop;
	struct resolve_name *first;
	struct resolve_name **last;
	size_t busy;
	bool closing;
};

struct resolve_name {
	struct resolver *resolver;
	struct resolve_name *next; /* in the queue */
	struct look *look;
	bool queued;
	bool literal;
	struct resolve_addrs addrs;
	resolve_cb cb;
	void *arg;
	char port[8];
	char host[];
};

static void start_some(struct resolver *r);

static void keep(struct resolve_addrs *addrs, const struct addrinfo *found)
{
	struct resolve_addrs fresh = { .n = 0 };

	for (; found != NULL && fresh.n < RESOLVE_ADDRS_MAX;
		found = found->ai_next) {
		if (found->ai_addrlen > sizeof(*fresh.sa))
			continue;
		memcpy(&fresh.sa[fresh.n++], found->ai_addr, found->ai_addrlen);
	}
	if (fresh.n > 0)
		*addrs = fresh;
}

static void on_found(void *arg, int status, struct addrinfo *found)
{
	struct look *look = arg;
	struct resolver *r = look->resolver;
	struct resolve_name *n = look->name;

	r->busy--;
	free(look);
	if (n != NULL) {
		n->look = NULL;
		if (status == 0)
			keep(&n->addrs, found);
	}
	if (found != NULL)
		freeaddrinfo(found);
	if (r->closing) {
		if (r->busy == 0)
			free(r);
		return;
	}
	start_some(r);
	if (n != NULL)
		n->cb(n->arg, status);
}

static int start(struct resolve_name *n)
{
	struct look *look = calloc(1, sizeof(*look));
	int rc;

	if (look == NULL)
		return UV_ENOMEM;
	look->resolver = n->resolver;
	look->name = n;
	rc = lookup_start(&look->lookup, n->resolver->loop, n->host, n->port,
		on_found, look);
	if (rc != 0) {
		free(look);
		return rc;
	}
	n->look = look;
	n->resolver->busy++;
	return 0;
}

static void unqueue(struct resolve_name *n)
{
	struct resolver *r = n->resolver;
	struct resolve_name **at = &r->first;

	while (*at != n)
		at = &(*at)->next;
	*at = n->next;
	if (r->last == &n->next)
		r->last = at;
	n->queued = false;
}

/*
 * What can't be started (no memory) is dropped, so that it keeps no other name
 * waiting: its owner asks again.
 */
static void start_some(struct resolver *r)
{
	while (r->busy < RESOLVE_AT_ONCE && r->first != NULL) {
		struct resolve_name *n = r->first;

		unqueue(n);
		(void)start(n);
	}
}

int resolver_open(struct resolver **out, uv_loop_t *loop)
{
	struct resolver *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return UV_ENOMEM;
	r->loop = loop;
	r->last = &r->first;
	*out = r;
	return 0;
}

void resolver_close(struct resolver *r)
{
	assert(r->first == NULL);
	r->closing = true;
	if (r->busy == 0)
		free(r);
}

int resolve_open(struct resolve_name **out, struct resolver *r,
	const char *host, unsigned port, resolve_cb cb, void *arg)
{
	size_t size = strlen(host) + 1;
	struct sockaddr_storage sa;
	struct resolve_name *n = calloc(1, sizeof(*n) + size);

	if (n == NULL)
		return UV_ENOMEM;
	n->resolver = r;
	n->cb = cb;
	n->arg = arg;
	memcpy(n->host, host, size);
	snprintf(n->port, sizeof(n->port), "%u", port);
	if (addr_literal(&sa, host, port) == 0) {
		memcpy(&n->addrs.sa[0], &sa, sizeof(n->addrs.sa[0]));
		n->literal = true;
		n->addrs.n = 1;
	}
	*out = n;
	return 0;
}

void resolve_close(struct resolve_name *n)
{
	if (n->queued)
		unqueue(n);
	if (n->look != NULL) {
		n->look->name = NULL;
		lookup_leave(n->look->lookup);
	}
	free(n);
}

const struct resolve_addrs *resolve_addrs(const struct resolve_name *n)
{
	return &n->addrs;
}

void resolve_ask(struct resolve_name *n)
{
	struct resolver *r = n->resolver;

	if (n->literal || n->queued || n->look != NULL)
		return;
	n->next = NULL;
	n->queued = true;
	*r->last = n;
	r->last = &n->next;
	start_some(r);
}

int resolve_pending(const struct resolve_name *n)
{
	return n->queued || n->look != NULL;
}
