#include "waiting.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "clock.h"
#include "text.h"
#include "wait.h"

/*
 * Each server is looked at every ROUND_MS, but at LOOKS_MAX of them in a tick,
 * for which polls wait; of thousands a round takes longer.
 */
enum { ROUND_MS = 200, LOOKS_MAX = 100, TICK_MIN_MS = 20 };

struct awaited {
	char name[COMMAND_NAME_MAX];
	struct wait wait;
	bool done;
};

struct waiting {
	uv_timer_t tick;
	struct fleet *fleet;
	struct wait_rules rules;
	uint64_t timeout_ms; /* 0: no end */
	uint64_t started_ms;
	struct awaited *list;
	size_t n, left; /* all; those that are not done */
	size_t at;      /* who is looked at next */
	waiting_cb cb;
	void *arg;
};

static void tell(struct waiting *w, enum waiting_step step,
	enum command_exit code, const char *server, const char *text)
{
	const struct waiting_news news = { step, code, server, text };

	w->cb(w->arg, &news);
}

static void fail(struct waiting *w, enum command_exit code,
	const struct awaited *a, const char *what)
{
	char text[WAIT_TEXT_MAX + COMMAND_NAME_MAX];

	text_format(text, sizeof(text), "%s: %s", a->name, what);
	uv_timer_stop(&w->tick);
	tell(w, WAITING_FAILED, code, a->name, text);
}

/* False when the waiting is over, by a failure. */
static bool look_at(
	struct waiting *w, struct awaited *a, struct poller_time now)
{
	struct server *s = fleet_find(w->fleet, a->name);
	char text[WAIT_TEXT_MAX];
	struct wait_facts facts;
	enum wait_state state;

	if (s == NULL) {
		fail(w, COMMAND_EXIT_ERROR, a,
			"it is no longer in the configuration");
		return false;
	}
	facts = standing_wait_facts(server_standing(s));
	state = wait_advance(&a->wait, &w->rules, &facts, now, text);
	if (state == WAIT_LOST) {
		fail(w, COMMAND_EXIT_ERROR, a, text);
		return false;
	}
	if (*text != '\0')
		tell(w, WAITING_GOES_ON, COMMAND_EXIT_DONE, a->name, text);
	a->done = state == WAIT_DONE;
	return true;
}

/* Names the first that has not come. */
static void give_up(struct waiting *w, struct poller_time now)
{
	char lacks[WAIT_TEXT_MAX] = "", text[WAIT_TEXT_MAX];
	const struct awaited *a = w->list;
	struct wait_facts facts;
	struct server *s;

	while (a->done)
		a++;
	s = fleet_find(w->fleet, a->name);
	if (s != NULL) {
		facts = standing_wait_facts(server_standing(s));
		wait_lacks(&a->wait, &w->rules, &facts, now, lacks);
	}
	text_format(text, sizeof(text), "timed out after %llus: %s%s",
		(unsigned long long)w->timeout_ms / 1000, lacks,
		w->rules.goal != WAIT_SERVING ? "; the order stays in force"
					      : "");
	fail(w, COMMAND_EXIT_LATE, a, text);
}

/* At some of those who are left, in turn; false as look_at(). */
static bool look_at_some(struct waiting *w, struct poller_time now)
{
	size_t looks = 0;

	for (size_t i = 0; i < w->n && looks < LOOKS_MAX; i++) {
		struct awaited *a = &w->list[w->at];

		w->at = (w->at + 1) % w->n;
		if (a->done)
			continue;
		looks++;
		if (!look_at(w, a, now))
			return false;
		w->left -= a->done;
	}
	return true;
}

static void on_tick(uv_timer_t *tick)
{
	struct poller_time now = { clock_now_ms(), time(NULL) };
	struct waiting *w = tick->data;

	if (!look_at_some(w, now))
		return;
	if (w->left == 0) {
		uv_timer_stop(tick);
		tell(w, WAITING_DONE, COMMAND_EXIT_DONE, "", "done");
	} else if (w->timeout_ms > 0 &&
		now.ms - w->started_ms >= w->timeout_ms) {
		give_up(w, now);
	}
}

static uint64_t tick_ms(size_t servers)
{
	uint64_t ms = ROUND_MS;

	if (servers > LOOKS_MAX)
		ms = ms * LOOKS_MAX / servers;
	return ms > TICK_MIN_MS ? ms : TICK_MIN_MS;
}

static enum wait_goal goal_of(const struct command *c)
{
	if (c->spec->id == COMMAND_RELEASE)
		return WAIT_RELEASED;
	return strcmp(c->word, "serving") == 0 ? WAIT_SERVING : WAIT_IDLE;
}

static void fill(
	struct waiting *w, const struct change_target *targets, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (targets[i].chosen)
			text_format(w->list[w->n++].name, COMMAND_NAME_MAX,
				"%s", targets[i].name);
	w->left = w->n;
}

int waiting_start(struct waiting **out, struct fleet *fleet,
	const struct command *command, const struct change_target *targets,
	size_t n, waiting_cb cb, void *arg)
{
	struct waiting *w = calloc(1, sizeof(*w));

	if (w == NULL)
		return UV_ENOMEM;
	w->list = calloc(n, sizeof(*w->list));
	if (w->list == NULL) {
		free(w);
		return UV_ENOMEM;
	}
	w->fleet = fleet;
	w->rules.goal = goal_of(command);
	w->rules.blind_ms =
		command->settle_ms > 0 ? command->settle_ms : WAIT_BLIND_MS;
	w->timeout_ms = command->timeout_ms;
	w->started_ms = clock_now_ms();
	w->cb = cb;
	w->arg = arg;
	fill(w, targets, n);
	uv_timer_init(fleet_loop(fleet), &w->tick);
	w->tick.data = w;
	uv_timer_start(&w->tick, on_tick, 0, tick_ms(w->n));
	*out = w;
	return 0;
}

static void on_closed(uv_handle_t *h)
{
	struct waiting *w = h->data;

	free(w->list);
	free(w);
}

void waiting_close(struct waiting *w)
{
	uv_close((uv_handle_t *)&w->tick, on_closed);
}
