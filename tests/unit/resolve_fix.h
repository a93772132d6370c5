#ifndef RESOLVE_FIX_H
#define RESOLVE_FIX_H

/*
 * Names, with look-ups that wait until the test lets them go on.
 *
 * A header, since a test that includes it has no other clock, nor
 * lookup_start().
 */
#include "t.h"

#include <stdio.h>

#include "addr.h"
#include "clock.h"
#include "looks.h"
#include "resolve.h"

enum {
	NAMES = RESOLVE_AT_ONCE + 4,
	MANY = RESOLVE_MAX + 4,
};

/* Stands in for lib/clock.c: time passes when the test says so. */
static uint64_t now_ms;

uint64_t clock_now_ms(void)
{
	return now_ms;
}

struct fix {
	uv_loop_t loop;
	struct resolver *resolver;
	struct name {
		struct resolve_name *n;
		unsigned calls;
		int status;
		bool called;
		bool close_in_callback;
	} names[MANY];
};

static inline void on_resolved(void *arg, int status)
{
	struct name *name = arg;

	name->calls++;
	name->status = status;
	name->called = true;
	if (name->close_in_callback) {
		resolve_close(name->n);
		name->n = NULL;
	}
}

static inline void start(struct fix *f)
{
	memset(f, 0, sizeof(*f));
	looks_n = at_once = most_at_once = 0;
	bad_host = NULL;
	assert_int_equal(uv_loop_init(&f->loop), 0);
	assert_int_equal(resolver_open(&f->resolver, &f->loop), 0);
}

static inline void open_name(struct fix *f, int i, const char *host)
{
	assert_int_equal(resolve_open(&f->names[i].n, f->resolver, host, 8140,
				 on_resolved, &f->names[i]),
		0);
}

static inline void open_and_ask(struct fix *f, int n)
{
	for (int i = 0; i < n; i++) {
		char host[32];

		snprintf(host, sizeof(host), "host%d.invalid", i);
		open_name(f, i, host);
		resolve_ask(f->names[i].n);
	}
}

static inline void close_name(struct fix *f, int i)
{
	resolve_close(f->names[i].n);
	f->names[i].n = NULL;
}

static inline void stop(struct fix *f)
{
	for (int i = 0; i < MANY; i++)
		if (f->names[i].n != NULL)
			close_name(f, i);
	resolver_close(f->resolver);
	t_loop_close(&f->loop);
}

static inline void expect_addrs(const struct name *name, const char *shown)
{
	const struct resolve_addrs *addrs = resolve_addrs(name->n);
	char text[RESOLVE_ADDRS_MAX * ADDR_TEXT_MAX] = "", one[ADDR_TEXT_MAX];

	for (size_t i = 0; i < addrs->n; i++) {
		addr_show(one, (const struct sockaddr *)&addrs->sa[i]);
		strcat(strcat(text, i > 0 ? " " : ""), one);
	}
	assert_string_equal(text, shown);
}

#define HOSTS(...) ((const char *const[]){ __VA_ARGS__, NULL })

#endif
