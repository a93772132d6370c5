#ifndef STANDING_FIX_H
#define STANDING_FIX_H

/*
 * One server's standing, with both clocks in the test's hand.
 *
 * A header, since a test that includes it has no other clock.
 */
#include "t.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "clock.h"
#include "standing.h"

#define UP "up 100%\n"
#define READY "up ready 100%\n"
#define DRAINED "up drain 100% # drain by alice\n"

enum { SECOND = 1000, START_MS = 1000 * SECOND, START_S = 1795426200 };

static uint64_t clock_ms;

uint64_t clock_now_ms(void)
{
	return clock_ms;
}

time_t time(time_t *t)
{
	time_t now_s = START_S + (time_t)((clock_ms - START_MS) / SECOND);

	if (t != NULL)
		*t = now_s;
	return now_s;
}

static const struct addr_host one = { { 1 } }, two = { { 2 } },
			      three = { { 3 } };

struct fix {
	uv_loop_t loop;
	struct history *history;
	struct standing s;
	uint64_t probes;
	unsigned changed, ended;
	char why[64]; /* the last order has ended so */
	enum order_kind kind;
	struct order now; /* after that; ORDER_NONE: it has ended */
	bool closed;
};

static inline void on_moved(void *arg, const char *server,
	const struct order *was, const struct order *now, const char *why)
{
	struct fix *f = arg;

	assert_string_equal(server, "puppet1");
	f->ended++;
	f->kind = was->kind;
	f->now = *now;
	snprintf(f->why, sizeof(f->why), "%s", why);
}

static inline void on_changed(void *arg)
{
	struct fix *f = arg;

	f->changed++;
}

static inline void open_fix(struct fix *f)
{
	static const struct standing_rules rules = {
		.health = { .rise = 2,
			.fall = 3,
			.busy_limit_ms = 3600 * SECOND,
			.stale_ms = 3600 * SECOND },
		.weight = { .min = 1 }
	};
	struct standing_options options = { .loop = &f->loop,
		.moved = on_moved,
		.changed = on_changed,
		.arg = f };

	memset(f, 0, sizeof(*f));
	clock_ms = START_MS;
	uv_loop_init(&f->loop);
	f->history = options.history = history_new();
	standing_open(&f->s, &options, "puppet1", &rules);
}

static inline void on_closed(void *owner)
{
	struct fix *f = owner;

	f->closed = true;
}

static inline void close_fix(struct fix *f)
{
	standing_close(&f->s, on_closed, f);
	assert_false(f->closed);
	t_loop_close(&f->loop);
	assert_true(f->closed);
	history_free(f->history);
}

static inline void pass(uint64_t ms)
{
	clock_ms += ms;
}

static inline void probe(struct fix *f, enum outcome outcome)
{
	const struct probed p = { .number = ++f->probes, .outcome = outcome };

	standing_probed(&f->s, &p);
}

/* Orders with this one alone; none with ORDER_NONE. */
static inline struct orders only(enum order_kind kind, int64_t until_s)
{
	const struct order order = { .kind = kind,
		.who = "alice",
		.percent = 10,
		.since_s = 1,
		.until_s = until_s };
	struct orders orders;

	memset(&orders, 0, sizeof(orders));
	order_give(&orders, &order);
	return orders;
}

static inline void put_until(
	struct fix *f, enum order_kind kind, int64_t until_s)
{
	const struct orders orders = only(kind, until_s);

	standing_put_orders(&f->s, &orders);
}

static inline void put(struct fix *f, enum order_kind kind)
{
	put_until(f, kind, 0);
}

static inline void expect(
	struct fix *f, const struct addr_host *host, const char *expected)
{
	size_t len;
	const char *line = standing_line(&f->s, host, &len);

	assert_string_equal(line, expected);
	assert_int_equal(len, strlen(line));
}

/* n polls, one a second. */
static inline void expect_often(struct fix *f, int n,
	const struct addr_host *host, const char *expected)
{
	while (n-- > 0) {
		expect(f, host, expected);
		pass(SECOND);
	}
}

#endif
