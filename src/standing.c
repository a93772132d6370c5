#include "standing.h"

#include <string.h>
#include <time.h>

#include "clock.h"
#include "remark.h"

enum { WALL_CLOCK_MS = 1000 }; /* how often it is looked at: it may be set */

static struct poller_time time_now(void)
{
	return (struct poller_time){ clock_now_ms(), time(NULL) };
}

static void note(struct standing *s)
{
	const struct remark_change c = { .was = s->told,
		.is = s->health.verdict,
		.last = &s->last,
		.reply = standing_usual_line(s) };

	remark_change(s->history, s->name, &c);
	s->told = s->health.verdict;
}

static void expire_orders(struct standing *s)
{
	const struct order none = { .kind = ORDER_NONE };
	struct order ended[ORDER_SLOTS];
	size_t n = order_expire(&s->orders, time(NULL), ended);

	for (size_t i = 0; i < n; i++)
		s->moved(s->arg, s->name, &ended[i], &none, "it has run out");
}

static void on_expiry(uv_timer_t *timer);

/* The lines are good until the verdict or an order may run out, or a ramp rise
 */
static void set_expiry(struct standing *s, uint64_t now_ms)
{
	uint64_t until_ms = health_deadline(&s->health, &s->rules.health);

	if ((order_next_end(&s->orders) != 0 || s->weight.ramp.from_ms != 0) &&
		until_ms > now_ms + WALL_CLOCK_MS)
		until_ms = now_ms + WALL_CLOCK_MS;
	s->until_ms = until_ms;
	if (until_ms == UINT64_MAX)
		uv_timer_stop(&s->expiry);
	else
		uv_timer_start(&s->expiry, on_expiry, until_ms - now_ms, 0);
}

static void tell_unsaved(struct standing *s)
{
	if (!s->pollers.unsaved)
		return;
	s->pollers.unsaved = false;
	s->changed(s->arg);
}

/*
 * Says in the log when the lines have changed; but a weight that glides would
 * fill it.
 */
static void note_change(struct standing *s, struct answer_facts facts,
	enum weight_course course)
{
	char before[ANSWER_MAX];

	memcpy(before, s->noted.text, sizeof(before));
	if (course == WEIGHT_GLIDES) {
		facts.automatic = 100;
		facts.why = NULL;
	}
	answer_make(&s->noted, &facts, ANSWER_WITH_READY);
	if (*before != '\0' &&
		(s->told != s->health.verdict ||
			strcmp(before, s->noted.text) != 0))
		note(s);
}

/* Composes the lines anew. */
static void refresh(struct standing *s)
{
	uint64_t now_ms = clock_now_ms();
	struct answer_facts facts = { .orders = &s->orders };
	struct weight_now weight;

	health_advance(&s->health, &s->rules.health, now_ms);
	ramp_see(&s->weight.ramp, s->health.verdict);
	expire_orders(s);
	weight_now(&weight, &s->weight, &s->rules.weight, now_ms);
	facts.verdict = s->health.verdict;
	facts.because = s->health.because;
	facts.automatic = weight.percent;
	facts.why = weight.why;
	for (unsigned form = 0; form < STANDING_FORMS; form++)
		answer_make(&s->lines[form], &facts, (enum answer_form)form);
	pollers_say(&s->pollers, s->lines[ANSWER_WITH_READY].told, time_now());
	note_change(s, facts, weight.course);
	set_expiry(s, now_ms);
	tell_unsaved(s);
}

static void on_expiry(uv_timer_t *timer)
{
	refresh(timer->data);
}

/* The lines and the orders are good until then. */
void standing_refresh(struct standing *s)
{
	if (clock_now_ms() >= s->until_ms)
		refresh(s);
}

/*
 * The clock is asked too: after this process or the machine has stood still,
 * polls are served before any timer has run.
 */
const char *standing_line(
	struct standing *s, const struct addr_host *host, size_t *len)
{
	struct poller_time now = time_now();
	enum answer_form form;

	if (now.ms >= s->until_ms)
		refresh(s);
	form = pollers_poll(&s->pollers, s->policy, host, now, s->lines);
	tell_unsaved(s);
	*len = s->lines[form].len;
	return s->lines[form].text;
}

void standing_checked(struct standing *s)
{
	pollers_checked(&s->pollers, time_now());
}

const struct pollers *standing_pollers(const struct standing *s)
{
	return &s->pollers;
}

void standing_owe(struct standing *s)
{
	pollers_take_all(&s->pollers);
	tell_unsaved(s);
}

static void on_poller(
	void *arg, enum poller_event event, const struct poller *p)
{
	const struct standing *s = arg;

	remark_poller(s->name, event, p);
}

void standing_look_at_pollers(struct standing *s)
{
	struct poller_time now = time_now();

	pollers_look(&s->pollers, now, on_poller, s);
	trail_told(&s->trail, &s->lines[ANSWER_WITH_READY], now.ms);
	tell_unsaved(s);
}

static bool has_gone(const struct probed *last)
{
	return last->number > 0 &&
		(outcome_closed(last->outcome) ||
			last->outcome == OUTCOME_STARTING);
}

/* A hold is over when the server has gone and come back. */
static void follow_hold(struct standing *s)
{
	struct order *hold = &s->orders.hold, was = *hold;

	if (hold->kind == ORDER_NONE)
		return;
	if (has_gone(&s->last)) {
		if (!hold->left)
			s->changed(s->arg);
		hold->left = true;
	} else if (hold->left && s->health.verdict == VERDICT_UP &&
		s->health.good >= s->rules.health.rise) {
		memset(hold, 0, sizeof(*hold));
		s->moved(s->arg, s->name, &was, hold, "the server is back");
	}
}

/* A canary with --every goes on by itself, when nothing speaks against it. */
static void follow_canary(struct standing *s, uint64_t now_ms)
{
	const struct canary_facts facts = { s->health.verdict, &s->orders,
		&s->last };
	const struct order was = s->orders.ceiling;
	char clause[CANARY_TEXT_MAX];

	switch (canary_follow(&s->canary, &facts, now_ms)) {
	case CANARY_WAITS:
		break;
	case CANARY_HELD:
		canary_objection(clause, &facts);
		remark_held(s->history, s->name, clause);
		break;
	case CANARY_GOES_ON:
		order_next_step(&s->orders.ceiling, time(NULL));
		s->moved(s->arg, s->name, &was, &s->orders.ceiling,
			"its time has come");
		break;
	}
}

static void follow_weight(struct standing *s, uint64_t now_ms)
{
	const struct weight_facts facts = { .verdict = s->health.verdict,
		.place = order_keeps_out(&s->orders) ? RAMP_KEPT_OUT
						     : RAMP_LET_IN,
		.probed = &s->last };
	int was_blind = load_blind(&s->weight.load);

	weight_probe(&s->weight, &s->rules.weight, &facts, now_ms);
	if (load_blind(&s->weight.load) && !was_blind)
		remark_figures(s->name, REMARK_FIGURES_GONE, &s->last);
	else if (was_blind && s->last.figures == PROBED_FIGURES)
		remark_figures(s->name, REMARK_FIGURES_BACK, &s->last);
}

static void keep_ending(struct standing *s, const struct probed *p)
{
	memmove(s->endings + 1, s->endings,
		(STANDING_ENDINGS - 1) * sizeof(*s->endings));
	s->endings[0] =
		(struct standing_ending){ p->ended_s, p->outcome, p->total_ms };
	if (s->n_endings < STANDING_ENDINGS)
		s->n_endings++;
}

void standing_probed(struct standing *s, const struct probed *p)
{
	uint64_t now_ms = clock_now_ms();

	if (s->last.number == 0 || s->last.outcome != p->outcome)
		remark_outcome(s->name, p);
	s->last = *p;
	keep_ending(s, p);
	tally_probe(&s->tally, p);
	trail_probe(&s->trail, p, now_ms);
	health_probe(&s->health, &s->rules.health, p->outcome, now_ms);
	if (order_keeps_out(&s->orders))
		idle_probe(&s->idle, p, now_ms);
	else
		memset(&s->idle, 0, sizeof(s->idle));
	follow_weight(s, now_ms);
	follow_hold(s);
	follow_canary(s, now_ms);
	refresh(s);
}

void standing_unprobed(struct standing *s)
{
	if (order_keeps_out(&s->orders))
		idle_unprobed(&s->idle, clock_now_ms());
}

int standing_wants_figures(const struct standing *s)
{
	return s->figures == STANDING_ALWAYS || order_keeps_out(&s->orders) ||
		s->orders.ceiling.kind == ORDER_CANARY ||
		weight_wants_figures(&s->rules.weight);
}

enum health_pace standing_pace(const struct standing *s)
{
	/* A quick restart must not fall between two probes. */
	if (s->orders.hold.kind != ORDER_NONE)
		return HEALTH_CHANGING;
	return health_pace(&s->health);
}

const struct orders *standing_orders(const struct standing *s)
{
	return &s->orders;
}

void standing_put_orders(struct standing *s, const struct orders *orders)
{
	if (orders->state.kind == ORDER_RELEASE &&
		s->orders.state.kind != ORDER_RELEASE)
		s->released_ms = clock_now_ms();
	if (!order_keeps_out(&s->orders))
		memset(&s->idle, 0, sizeof(s->idle));
	if (!order_same(&s->orders.ceiling, &orders->ceiling))
		memset(&s->canary, 0, sizeof(s->canary));
	s->orders = *orders;
	if (s->orders.hold.kind != ORDER_NONE && has_gone(&s->last))
		s->orders.hold.left = true;
	refresh(s);
}

void standing_set_rules(struct standing *s, const char *name,
	const struct standing_rules *rules)
{
	s->name = name;
	s->rules = *rules;
	if (s->lines[ANSWER_WITH_READY].len > 0)
		refresh(s);
}

void standing_set_policy(struct standing *s, enum poller_policy policy)
{
	s->policy = policy;
}

void standing_set_figures(struct standing *s, enum standing_figures figures)
{
	s->figures = figures;
}

void standing_restore(struct standing *s, const struct orders *orders,
	const struct pollers *pollers, enum standing_trust trust)
{
	uint64_t since_ms = s->pollers.since_ms;

	s->orders = *orders;
	s->released_ms = clock_now_ms();
	if (pollers_copy(&s->pollers, pollers) != 0)
		trust = STANDING_DOUBTFUL;
	if (s->pollers.since_ms == 0)
		s->pollers.since_ms = since_ms;
	/* Who was told may have been lost with the last moments. */
	if (order_takes(orders) || trust == STANDING_DOUBTFUL)
		pollers_doubt(&s->pollers, time_now());
	refresh(s);
}

void standing_open(struct standing *s, const struct standing_options *o,
	const char *name, const struct standing_rules *rules)
{
	memset(s, 0, sizeof(*s));
	s->history = o->history;
	s->moved = o->moved;
	s->changed = o->changed;
	s->arg = o->arg;
	uv_timer_init(o->loop, &s->expiry);
	s->expiry.data = s;
	pollers_start(&s->pollers, time_now());
	standing_set_rules(s, name, rules);
}

static void on_closed(uv_handle_t *h)
{
	struct standing *s = h->data;

	pollers_free(&s->pollers);
	s->closed(s->owner);
}

void standing_close(
	struct standing *s, void (*closed)(void *owner), void *owner)
{
	s->closed = closed;
	s->owner = owner;
	uv_close((uv_handle_t *)&s->expiry, on_closed);
}
