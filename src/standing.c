#include "standing.h"

#include <string.h>
#include <time.h>

#include "clock.h"
#include "log.h"
#include "text.h"

enum { WALL_CLOCK_MS = 1000 }; /* how often it is looked at: it may be set */

/* The line that one gets who is owed nothing. */
static const char *usual_line(const struct standing *s)
{
	static const enum answer_form forms[] = {
		[POLLER_AUTO] = ANSWER_WITHOUT_READY,
		[POLLER_ALWAYS] = ANSWER_WITH_READY,
		[POLLER_NEVER] = ANSWER_WITHOUT_ADMIN,
	};

	return s->lines[forms[s->policy]].text;
}

static struct poller_time time_now(void)
{
	return (struct poller_time){ clock_now_ms(), time(NULL) };
}

/* As it stands between quotes. */
static void log_verdict(struct standing *s)
{
	char reply[ANSWER_MAX];

	text_format(reply, sizeof(reply), "%s", usual_line(s));
	reply[strcspn(reply, "\n")] = '\0';
	text_quotable(reply);
	log_at(s->health.verdict == VERDICT_FAIL ? LOG_WARN : LOG_INFO,
		"verdict server=%s is=%s was=%s word=%s reply=\"%s\"", s->name,
		verdict_name(s->health.verdict), verdict_name(s->told),
		s->last.number > 0 ? outcome_word(s->last.outcome) : "none",
		reply);
	history_add(s->history, time(NULL), s->name, "verdict",
		"%s; HAProxy is told: %s", verdict_name(s->health.verdict),
		reply);
	s->told = s->health.verdict;
}

static void expire_orders(struct standing *s)
{
	struct order ended[ORDER_SLOTS];
	size_t n = order_expire(&s->orders, time(NULL), ended);

	for (size_t i = 0; i < n; i++)
		s->ended(s->arg, s->name, &ended[i], "it has run out");
}

static void on_expiry(uv_timer_t *timer);

/* The lines are good until the verdict or an order may run out. */
static void set_expiry(struct standing *s, uint64_t now_ms)
{
	uint64_t until_ms = health_deadline(&s->health, &s->rules);

	if (order_next_end(&s->orders) != 0 &&
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

/* Composes the lines anew; says so in the log when they have changed. */
static void refresh(struct standing *s)
{
	uint64_t now_ms = clock_now_ms();
	struct answer_facts facts = { .orders = &s->orders, .automatic = 100 };
	char before[ANSWER_MAX];

	health_advance(&s->health, &s->rules, now_ms);
	expire_orders(s);
	facts.verdict = s->health.verdict;
	facts.because = s->health.because;
	memcpy(before, s->lines[ANSWER_WITH_READY].text, sizeof(before));
	for (unsigned form = 0; form < STANDING_FORMS; form++)
		answer_make(&s->lines[form], &facts, (enum answer_form)form);
	pollers_say(&s->pollers, s->lines[ANSWER_WITH_READY].told, time_now());
	if (*before != '\0' &&
		(s->told != s->health.verdict ||
			strcmp(before, s->lines[ANSWER_WITH_READY].text) != 0))
		log_verdict(s);
	set_expiry(s, now_ms);
	tell_unsaved(s);
}

static void on_expiry(uv_timer_t *timer)
{
	refresh(timer->data);
}

/* The lines and the orders are good until then. */
static void refresh_if_due(struct standing *s)
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
	char host[ADDR_TEXT_MAX];

	if (event == POLLER_NOBODY) {
		log_warn("polls server=%s text=\"nobody has polled yet\"",
			s->name);
		return;
	}
	addr_host_show(host, &p->host);
	if (event == POLLER_SILENT)
		log_warn("polls server=%s poller=%s text=\"has not polled for "
			 "%d of its usual intervals\"",
			s->name, host, (int)POLLER_LIVE_GAPS);
	else
		log_info("polls server=%s poller=%s text=\"polls again\"",
			s->name, host);
}

void standing_look_at_pollers(struct standing *s)
{
	pollers_look(&s->pollers, time_now(), on_poller, s);
	tell_unsaved(s);
}

static void log_outcome(const struct standing *s, const struct probed *p)
{
	if (s->last.number > 0 && s->last.outcome == p->outcome)
		return;
	log_at(p->outcome == OUTCOME_OK ? LOG_INFO : LOG_WARN,
		"probe server=%s word=%s text=\"%s\" detail=\"%s\"", s->name,
		outcome_word(p->outcome), outcome_sentence(p->outcome),
		p->detail);
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
	struct order *hold = &s->orders.hold, ended = *hold;

	if (hold->kind == ORDER_NONE)
		return;
	if (has_gone(&s->last)) {
		if (!hold->left)
			s->changed(s->arg);
		hold->left = true;
	} else if (hold->left && s->health.verdict == VERDICT_UP &&
		s->health.good >= s->rules.rise) {
		memset(hold, 0, sizeof(*hold));
		s->ended(s->arg, s->name, &ended, "the server is back");
	}
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

	log_outcome(s, p);
	s->last = *p;
	keep_ending(s, p);
	health_probe(&s->health, &s->rules, p->outcome, now_ms);
	if (standing_wants_figures(s))
		idle_probe(&s->idle, p, now_ms);
	else
		memset(&s->idle, 0, sizeof(s->idle));
	follow_hold(s);
	refresh(s);
}

int standing_wants_figures(const struct standing *s)
{
	return order_keeps_out(&s->orders);
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
	s->orders = *orders;
	if (s->orders.hold.kind != ORDER_NONE && has_gone(&s->last))
		s->orders.hold.left = true;
	refresh(s);
}

void standing_look(struct standing *s, struct standing_view *v)
{
	const char *line;

	refresh_if_due(s);
	line = usual_line(s);
	*v = (struct standing_view){ .verdict = s->health.verdict,
		.verdict_ms = s->health.since_ms > 0
			? clock_now_ms() - s->health.since_ms
			: 0,
		.probed = &s->last,
		.idle = &s->idle,
		.pollers = &s->pollers,
		.policy = s->policy,
		.lines = s->lines,
		.endings = s->endings,
		.n_endings = s->n_endings };
	text_format(v->reply, sizeof(v->reply), "%.*s",
		(int)strcspn(line, "\n"), line);
}

/*
 * All live pollers have been given back, and time has been given to those that
 * nobody knows.
 */
static bool is_released(const struct standing *s, struct poller_time now)
{
	if (s->orders.state.kind != ORDER_RELEASE ||
		now.ms - s->released_ms < POLLER_PAY_MS)
		return false;
	for (size_t i = 0; i < s->pollers.n; i++)
		if (s->pollers.list[i].taken &&
			poller_live(&s->pollers.list[i], now))
			return false;
	return true;
}

int standing_released(const struct standing *s)
{
	return is_released(s, time_now());
}

struct wait_facts standing_wait_facts(struct standing *s)
{
	refresh_if_due(s);
	return (struct wait_facts){ .pollers = &s->pollers,
		.saying = s->lines[ANSWER_WITH_READY].told,
		.verdict = s->health.verdict,
		.ordered_out = order_keeps_out(&s->orders),
		.releasing = s->orders.state.kind == ORDER_RELEASE,
		.released = is_released(s, time_now()),
		.idle = &s->idle };
}

int standing_in_service(
	const struct standing_view *v, const struct orders *orders)
{
	if (orders->hold.kind != ORDER_NONE ||
		(orders->ceiling.kind != ORDER_NONE &&
			orders->ceiling.percent == 0))
		return 0;
	if (orders->state.kind != ORDER_NONE)
		return orders->state.kind == ORDER_UP ||
			orders->state.kind == ORDER_RELEASE;
	return v->verdict == VERDICT_UP || v->verdict == VERDICT_BUSY;
}

void standing_set_rules(
	struct standing *s, const char *name, const struct health_rules *rules)
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
	const char *name, const struct health_rules *rules)
{
	memset(s, 0, sizeof(*s));
	s->history = o->history;
	s->ended = o->ended;
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
