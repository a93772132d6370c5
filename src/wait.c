#include "wait.h"

#include "addr.h"
#include "text.h"

/* How the pollers stand to what they should have been told. */
struct delivery {
	size_t expected, told;
	const struct poller *missing; /* expected, not told; or NULL */
	const struct poller *silent;  /* polls no more, not told; or NULL */
};

static bool has_been_told(const struct poller *p, enum wait_goal goal)
{
	switch (goal) {
	case WAIT_SERVING:
		return p->told == ANSWER_IN;
	case WAIT_RELEASED:
		return !p->taken;
	default:
		return p->told == ANSWER_OUT || answer_takes(p->told);
	}
}

static struct delivery count(
	const struct wait_facts *f, enum wait_goal goal, struct poller_time now)
{
	struct delivery d = { .expected = 0 };

	for (size_t i = 0; i < f->pollers->n; i++) {
		const struct poller *p = &f->pollers->list[i];

		if (!poller_expected(f->pollers, p, now)) {
			if (poller_known(p) && !has_been_told(p, goal))
				d.silent = p;
			continue;
		}
		d.expected++;
		if (has_been_told(p, goal))
			d.told++;
		else
			d.missing = p;
	}
	return d;
}

static const char *plural(size_t n)
{
	return n == 1 ? "" : "s";
}

/* All have been told, or nobody is there to be told. */
static void deliver(struct wait *w, const struct delivery *d,
	struct poller_time now, char text[WAIT_TEXT_MAX])
{
	char silent[ADDR_TEXT_MAX];
	size_t used;

	w->delivered = true;
	w->delivered_ms = now.ms;
	if (d->expected == 0)
		used = text_format(text, WAIT_TEXT_MAX,
			"warning: no HAProxy polls, so nobody has been told");
	else
		used = text_format(text, WAIT_TEXT_MAX,
			"delivered to %zu HAProx%s", d->expected,
			d->expected == 1 ? "y" : "ies");
	if (d->silent == NULL)
		return;
	addr_host_show(silent, &d->silent->host);
	text_format(text + used, WAIT_TEXT_MAX - used,
		"; warning: %s polls no more and has not been told", silent);
}

/* --- out of service --- */

static void say_sight(struct wait *w, const struct wait_rules *rules,
	const struct wait_facts *f, char text[WAIT_TEXT_MAX])
{
	const struct idle *i = f->idle;
	bool same = w->sight == i->sight;

	if (same &&
		(i->sight != IDLE_SEEN ||
			(w->running == i->running && w->waiting == i->waiting)))
		return;
	w->sight = i->sight;
	w->running = i->running;
	w->waiting = i->waiting;
	if (i->sight == IDLE_CLOSED)
		text_format(text, WAIT_TEXT_MAX, "nothing listens there");
	else if (i->sight == IDLE_BLIND)
		text_format(text, WAIT_TEXT_MAX,
			"no JRuby figures to be had, so whether it is idle "
			"can't be seen: waiting %llus instead",
			(unsigned long long)(rules->blind_ms / 1000));
	else if (i->sight == IDLE_SEEN)
		text_format(text, WAIT_TEXT_MAX,
			"%u request%s running, %u waiting", i->running,
			plural(i->running), i->waiting);
}

static bool is_idle(const struct wait *w, const struct wait_rules *rules,
	const struct wait_facts *f, uint64_t now_ms)
{
	switch (f->idle->sight) {
	case IDLE_CLOSED:
		return true;
	case IDLE_SEEN:
		return f->idle->since_ms != 0 &&
			f->idle->seen_ms - f->idle->since_ms >= WAIT_IDLE_MS &&
			f->idle->seen_ms >= w->delivered_ms + WAIT_SETTLE_MS;
	case IDLE_BLIND:
		return now_ms >= w->delivered_ms + rules->blind_ms &&
			now_ms >= f->idle->blind_ms + rules->blind_ms;
	default:
		return false;
	}
}

static enum wait_state leave(struct wait *w, const struct wait_rules *rules,
	const struct wait_facts *f, struct poller_time now,
	char text[WAIT_TEXT_MAX])
{
	struct delivery d = count(f, WAIT_IDLE, now);

	if (!f->ordered_out) {
		text_format(text, WAIT_TEXT_MAX,
			"no order keeps it out of service%s",
			w->begun ? " any more" : ": drain it first");
		return WAIT_LOST;
	}
	if (!w->delivered && d.told == d.expected) {
		deliver(w, &d, now, text);
		return WAIT_GOES_ON;
	}
	say_sight(w, rules, f, text);
	if (!w->delivered || now.ms - w->delivered_ms < WAIT_SETTLE_MS ||
		!is_idle(w, rules, f, now.ms))
		return WAIT_GOES_ON;
	return WAIT_DONE;
}

/* --- into service --- */

static enum wait_state serve(struct wait *w, const struct wait_facts *f,
	struct poller_time now, char text[WAIT_TEXT_MAX])
{
	struct delivery d = count(f, WAIT_SERVING, now);

	if (!w->begun || w->verdict != f->verdict ||
		w->ordered_out != f->ordered_out)
		text_format(text, WAIT_TEXT_MAX, "measured: %s%s",
			verdict_name(f->verdict),
			f->ordered_out ? ", but an order keeps it out" : "");
	w->verdict = f->verdict;
	w->ordered_out = f->ordered_out;
	if (*text != '\0' || f->saying != ANSWER_IN || d.told != d.expected)
		return WAIT_GOES_ON;
	deliver(w, &d, now, text);
	return WAIT_DONE;
}

/* --- given back --- */

static enum wait_state release(const struct wait *w, const struct wait_facts *f,
	struct poller_time now, char text[WAIT_TEXT_MAX])
{
	struct delivery d = count(f, WAIT_RELEASED, now);

	if (!f->releasing) {
		text_format(text, WAIT_TEXT_MAX, "the release has ended");
		return WAIT_LOST;
	}
	if (!w->begun && d.expected == 0)
		text_format(text, WAIT_TEXT_MAX,
			"warning: no HAProxy polls, so nobody can be told");
	else if (!w->begun)
		text_format(text, WAIT_TEXT_MAX, "telling %zu HAProx%s for 30s",
			d.expected, d.expected == 1 ? "y" : "ies");
	return f->released ? WAIT_DONE : WAIT_GOES_ON;
}

enum wait_state wait_advance(struct wait *w, const struct wait_rules *rules,
	const struct wait_facts *f, struct poller_time now,
	char text[WAIT_TEXT_MAX])
{
	enum wait_state state;

	*text = '\0';
	if (rules->goal == WAIT_IDLE)
		state = leave(w, rules, f, now, text);
	else if (rules->goal == WAIT_SERVING)
		state = serve(w, f, now, text);
	else
		state = release(w, f, now, text);
	w->begun = true;
	return state;
}

void wait_lacks(const struct wait *w, const struct wait_rules *rules,
	const struct wait_facts *f, struct poller_time now,
	char text[WAIT_TEXT_MAX])
{
	struct delivery d = count(f, rules->goal, now);
	char host[ADDR_TEXT_MAX];

	if (rules->goal == WAIT_RELEASED)
		text_format(text, WAIT_TEXT_MAX,
			"%zu of %zu HAProxies have been told for 30s", d.told,
			d.expected);
	else if (rules->goal == WAIT_SERVING && f->saying != ANSWER_IN)
		text_format(text, WAIT_TEXT_MAX, "it is %s%s",
			verdict_name(f->verdict),
			f->ordered_out ? ", and an order keeps it out" : "");
	else if (d.missing != NULL) {
		addr_host_show(host, &d.missing->host);
		text_format(text, WAIT_TEXT_MAX,
			"%zu of %zu HAProxies told, not %s", d.told, d.expected,
			host);
	} else if (f->idle->sight == IDLE_SEEN &&
		f->idle->running + f->idle->waiting > 0)
		text_format(text, WAIT_TEXT_MAX,
			"%u request%s running, %u waiting", f->idle->running,
			plural(f->idle->running), f->idle->waiting);
	else if (!w->delivered)
		text_format(text, WAIT_TEXT_MAX, "nobody has been told");
	else if (f->idle->sight == IDLE_BLIND ||
		now.ms - w->delivered_ms < WAIT_SETTLE_MS)
		text_format(text, WAIT_TEXT_MAX, "it has not settled yet");
	else
		text_format(text, WAIT_TEXT_MAX, "it has not been idle for %us",
			(unsigned)WAIT_IDLE_MS / 1000);
}
