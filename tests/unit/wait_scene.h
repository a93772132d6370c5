#ifndef WAIT_SCENE_H
#define WAIT_SCENE_H

/*
 * One server on its way out of service and back, second by second: who polls,
 * what a probe finds, and what is then said.
 */
#include "t.h"

#include <stdio.h>

#include "wait.h"

enum { START_MS = 1000000, START_S = 1795426200 };

struct scene {
	struct poller_time now;
	struct pollers pollers;
	enum poller_policy policy;
	struct orders orders;
	enum verdict verdict;
	bool released;
	struct answer lines[ANSWER_WITHOUT_ADMIN + 1];
	struct idle idle;
	uint64_t borrows;
	struct wait_rules rules;
	struct wait wait;
};

/* What a probe finds; a JRuby is lent anew for each RUNNING. */
enum found { NO_PROBE, IDLE, RUNNING, QUEUE, SLOW, NO_FIGURES, CLOSED };

static inline void compose(struct scene *s)
{
	const struct answer_facts f = { .verdict = s->verdict,
		.because = s->verdict == VERDICT_FAIL ? OUTCOME_REFUSED
						      : OUTCOME_OK,
		.orders = &s->orders,
		.automatic = 100 };

	for (unsigned form = 0; form <= ANSWER_WITHOUT_ADMIN; form++)
		answer_make(&s->lines[form], &f, (enum answer_form)form);
	pollers_say(&s->pollers, s->lines[ANSWER_WITH_READY].told, s->now);
}

static inline void order(struct scene *s, enum order_kind kind)
{
	s->orders.state.kind = kind;
	compose(s);
}

static inline void measure(struct scene *s, enum verdict verdict)
{
	s->verdict = verdict;
	compose(s);
}

static inline void open_scene(struct scene *s, enum wait_goal goal)
{
	memset(s, 0, sizeof(*s));
	s->now = (struct poller_time){ START_MS, START_S };
	s->rules = (struct wait_rules){ goal, WAIT_BLIND_MS };
	pollers_start(&s->pollers, s->now);
	measure(s, VERDICT_UP);
}

static inline void close_scene(struct scene *s)
{
	pollers_free(&s->pollers);
}

/* Each digit is one HAProxy: "2" is 192.0.2.2. */
static inline void poll_as(struct scene *s, const char *who)
{
	for (; *who != '\0'; who++) {
		char text[sizeof("192.0.2.1")];
		struct addr_host host;

		snprintf(text, sizeof(text), "192.0.2.%c", *who);
		assert_int_equal(addr_host_parse(&host, text), 0);
		pollers_poll(&s->pollers, s->policy, &host, s->now, s->lines);
	}
}

static inline void probe(struct scene *s, enum found found)
{
	struct probed p = { .figures = PROBED_FIGURES };

	if (found == NO_PROBE)
		return;
	if (found == RUNNING)
		s->borrows++;
	p.jruby.borrowed = found == RUNNING || found == QUEUE;
	p.jruby.waiting = found == QUEUE ? 2 : 0;
	p.jruby.borrow_count = s->borrows;
	if (found >= SLOW)
		p.figures = PROBED_NOT_ASKED;
	if (found == SLOW)
		p.outcome = OUTCOME_BUSY;
	if (found == NO_FIGURES)
		p.figures = PROBED_NO_FIGURES;
	if (found == CLOSED)
		p.outcome = OUTCOME_REFUSED;
	idle_probe(&s->idle, &p, s->now.ms);
}

static inline struct wait_facts facts_of(const struct scene *s)
{
	return (struct wait_facts){ .pollers = &s->pollers,
		.saying = s->lines[ANSWER_WITH_READY].told,
		.verdict = s->verdict,
		.ordered_out = s->orders.state.kind != ORDER_NONE &&
			s->orders.state.kind != ORDER_RELEASE,
		.releasing = s->orders.state.kind == ORDER_RELEASE,
		.released = s->released,
		.idle = &s->idle };
}

static inline void on_poller(
	void *arg, enum poller_event event, const struct poller *p)
{
	(void)arg;
	(void)event;
	(void)p;
}

/* Time passes, `who` polls, a probe ends; then somebody looks. */
static inline void step(struct scene *s, uint64_t ms, const char *who,
	enum found found, enum wait_state wanted, const char *says)
{
	struct wait_facts facts;
	char text[WAIT_TEXT_MAX];
	enum wait_state state;

	s->now.ms += ms;
	s->now.s = START_S + (int64_t)((s->now.ms - START_MS) / 1000);
	poll_as(s, who);
	probe(s, found);
	facts = facts_of(s);
	state = wait_advance(&s->wait, &s->rules, &facts, s->now, text);
	if (state != wanted || strcmp(text, says) != 0)
		fail_msg("at %llu ms: %d: \"%s\", not %d: \"%s\"",
			(unsigned long long)(s->now.ms - START_MS), (int)state,
			text, (int)wanted, says);
	/* Who waits may be the first to notice that one is silent. */
	pollers_look(&s->pollers, s->now, on_poller, NULL);
}

/* So many seconds in which there is nothing to say. */
static inline void quiet(
	struct scene *s, unsigned seconds, const char *who, enum found found)
{
	while (seconds-- > 0)
		step(s, 1000, who, found, WAIT_GOES_ON, "");
}

/* So many seconds before anybody waits. */
static inline void before(struct scene *s, unsigned seconds, const char *who)
{
	while (seconds-- > 0) {
		s->now.ms += 1000;
		s->now.s++;
		poll_as(s, who);
		pollers_look(&s->pollers, s->now, on_poller, NULL);
	}
}

static inline void lacks(const struct scene *s, const char *wanted)
{
	struct wait_facts facts = facts_of(s);
	char text[WAIT_TEXT_MAX];

	wait_lacks(&s->wait, &s->rules, &facts, s->now, text);
	assert_string_equal(text, wanted);
}

#endif
