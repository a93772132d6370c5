/*
 * Life of a look-up: resolve_ask() puts the name into the queue of its kind;
 * start_some() takes it out when there is a place.  That a place has become
 * free because a look hangs is noticed by a timer, which runs while names wait
 * for one.  A look is apart from the name, since it can't be taken back: when
 * the name is closed meanwhile, the look is orphaned and ends by itself.
 */
#include "resolve.h"

#include <assert.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "addr.h"
#include "clock.h"
#include "lookup.h"

enum { NOTICE_MS = 100 };

enum kind { QUICK, SLOW, KINDS };

struct look {
	struct lookup *lookup;
	struct resolver *resolver;
	struct resolve_name *name; /* NULL: orphaned */
	enum kind kind;            /* the name's, when it was started */
	uint64_t started_ms;
	size_t at; /* its place in looks */
};

struct queue {
	struct resolve_name *first;
	struct resolve_name **last;
};

struct resolver {
	uv_loop_t *loop;
	uv_timer_t timer;
	bool timer_closed;
	struct queue queues[KINDS];
	struct look *looks[RESOLVE_MAX];
	size_t busy; /* looks under way */
};

struct resolve_name {
	struct resolver *resolver;
	struct resolve_name *next; /* in the queue */
	struct look *look;
	uint64_t took_ms; /* the last one */
	enum kind kind;
	bool queued;
	bool literal;
	struct resolve_addrs addrs;
	resolve_cb cb;
	void *arg;
	char port[8];
	char host[];
};

static void start_some(struct resolver *r);
static void on_timer(uv_timer_t *timer);

static uint64_t age_ms(const struct look *look)
{
	return clock_now_ms() - look->started_ms;
}

static bool is_slow(const struct look *look)
{
	return age_ms(look) >= RESOLVE_SLOW_MS;
}

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

/* Once it is closing. */
static void release(struct resolver *r)
{
	if (r->busy == 0 && r->timer_closed)
		free(r);
}

static void on_found(void *arg, int status, struct addrinfo *found)
{
	struct look *look = arg;
	struct resolver *r = look->resolver;
	struct resolve_name *n = look->name;
	struct look *last = r->looks[--r->busy];

	last->at = look->at;
	r->looks[last->at] = last;
	if (n != NULL) {
		n->look = NULL;
		n->took_ms = age_ms(look);
		n->kind = is_slow(look) ? SLOW : QUICK;
		if (status == 0)
			keep(&n->addrs, found);
	}
	free(look);
	if (found != NULL)
		freeaddrinfo(found);
	if (uv_is_closing((uv_handle_t *)&r->timer)) {
		release(r);
		return;
	}
	start_some(r);
	if (n != NULL)
		n->cb(n->arg, status);
}

static int start(struct resolve_name *n)
{
	struct look *look = calloc(1, sizeof(*look));
	struct resolver *r = n->resolver;
	int rc;

	if (look == NULL)
		return UV_ENOMEM;
	look->resolver = r;
	look->name = n;
	look->kind = n->kind;
	look->started_ms = clock_now_ms();
	rc = lookup_start(
		&look->lookup, r->loop, n->host, n->port, on_found, look);
	if (rc != 0) {
		free(look);
		return rc;
	}
	n->look = look;
	look->at = r->busy;
	r->looks[r->busy++] = look;
	return 0;
}

static void enqueue(struct resolve_name *n)
{
	struct queue *q = &n->resolver->queues[n->kind];

	n->next = NULL;
	n->queued = true;
	*q->last = n;
	q->last = &n->next;
}

static void unqueue(struct resolve_name *n)
{
	struct queue *q = &n->resolver->queues[n->kind];
	struct resolve_name **at = &q->first;

	while (*at != n)
		at = &(*at)->next;
	*at = n->next;
	if (q->last == &n->next)
		q->last = at;
	n->queued = false;
}

static bool has_place(const struct resolver *r, enum kind kind)
{
	size_t taken = 0;

	for (size_t i = 0; i < r->busy; i++) {
		const struct look *look = r->looks[i];

		if (look->kind == kind && (kind == SLOW || !is_slow(look)))
			taken++;
	}
	return taken < RESOLVE_AT_ONCE && r->busy < RESOLVE_MAX;
}

/*
 * What can't be started (no memory) is dropped, so that it keeps no other name
 * waiting: its owner asks again.
 */
static void start_some(struct resolver *r)
{
	for (enum kind kind = QUICK; kind < KINDS; kind++) {
		const struct queue *q = &r->queues[kind];

		while (q->first != NULL && has_place(r, kind)) {
			struct resolve_name *n = q->first;

			unqueue(n);
			(void)start(n);
		}
	}
	if (r->queues[QUICK].first == NULL)
		uv_timer_stop(&r->timer);
	else if (!uv_is_active((uv_handle_t *)&r->timer))
		uv_timer_start(&r->timer, on_timer, NOTICE_MS, NOTICE_MS);
}

static void on_timer(uv_timer_t *timer)
{
	start_some(timer->data);
}

int resolver_open(struct resolver **out, uv_loop_t *loop)
{
	struct resolver *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return UV_ENOMEM;
	r->loop = loop;
	for (enum kind kind = QUICK; kind < KINDS; kind++)
		r->queues[kind].last = &r->queues[kind].first;
	uv_timer_init(loop, &r->timer);
	r->timer.data = r;
	*out = r;
	return 0;
}

static void on_timer_closed(uv_handle_t *h)
{
	struct resolver *r = h->data;

	r->timer_closed = true;
	release(r);
}

void resolver_close(struct resolver *r)
{
	assert(r->queues[QUICK].first == NULL && r->queues[SLOW].first == NULL);
	uv_close((uv_handle_t *)&r->timer, on_timer_closed);
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
	if (n->literal || n->queued || n->look != NULL)
		return;
	enqueue(n);
	start_some(n->resolver);
}

uint64_t resolve_took_ms(const struct resolve_name *n)
{
	return n->took_ms;
}

int resolve_pending(const struct resolve_name *n)
{
	return n->queued || n->look != NULL;
}
