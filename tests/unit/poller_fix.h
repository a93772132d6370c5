#ifndef POLLER_FIX_H
#define POLLER_FIX_H

/* A table of pollers, with a clock of its own. */
#include "t.h"

#include <stdio.h>
#include <stdlib.h>

#include "poller.h"

enum { SECOND = 1000, HOUR_S = 3600, DAY_S = 24 * HOUR_S };

__attribute__((unused)) static const struct addr_host one = { { 1 } },
						      two = { { 2 } };

/* What usher says to all at some moment, in its three forms. */
static const struct answer in[] = {
	{ .told = ANSWER_IN, .ready = true },
	{ .told = ANSWER_IN },
	{ .told = ANSWER_IN },
};
static const struct answer drain[] = {
	{ .told = ANSWER_DRAIN },
	{ .told = ANSWER_DRAIN },
	{ .told = ANSWER_OUT },
};
static const struct answer nothing[] = { { .len = 1 }, { .len = 1 },
	{ .len = 1 } };

struct fix {
	struct pollers p;
	struct poller_time now;
	const struct answer *lines;
	enum poller_policy policy;
};

static inline void start(struct fix *f)
{
	memset(f, 0, sizeof(*f));
	f->now = (struct poller_time){ 1000 * SECOND, 1795426200 };
	f->lines = in;
	pollers_start(&f->p, f->now);
}

static inline void pass(struct fix *f, uint64_t ms)
{
	f->now.ms += ms;
	f->now.s += (int64_t)(ms / SECOND);
}

static inline void say(struct fix *f, const struct answer *lines)
{
	f->lines = lines;
	pollers_say(&f->p, lines[ANSWER_WITH_READY].told, f->now);
}

static inline enum answer_form poll(struct fix *f, const struct addr_host *host)
{
	return pollers_poll(&f->p, f->policy, host, f->now, f->lines);
}

/* n polls, one each `ms`, all of which get this form. */
static inline void poll_often(struct fix *f, const struct addr_host *host,
	int n, uint64_t ms, enum answer_form form)
{
	while (n-- > 0) {
		assert_int_equal(poll(f, host), form);
		pass(f, ms);
	}
}

static inline const struct poller *find(
	const struct fix *f, const struct addr_host *host)
{
	for (size_t i = 0; i < f->p.n; i++)
		if (memcmp(&f->p.list[i].host, host, sizeof(*host)) == 0)
			return &f->p.list[i];
	return NULL;
}

static inline void drain_and_back(struct fix *f, const struct addr_host *host)
{
	say(f, drain);
	assert_int_equal(poll(f, host), ANSWER_WITH_READY);
	pass(f, SECOND);
	say(f, in);
}

#endif
