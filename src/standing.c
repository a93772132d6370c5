#include "standing.h"

#include <string.h>
#include <time.h>

#include "clock.h"
#include "log.h"
#include "text.h"

enum { WALL_CLOCK_MS = 1000 }; /* how often it is looked at: it may be set */

/* As it stands between quotes. */
static void log_verdict(struct standing *s)
{
	char reply[ANSWER_MAX];

	text_format(
		reply, sizeof(reply), "%s", s->lines[ANSWER_WITH_READY].text);
	reply[strcspn(reply, "\n")] = '\0';
	text_quotable(reply);
	log_at(s->health.verdict == VERDICT_FAIL ? LOG_WARN : LOG_INFO,
		"verdict server=%s is=%s was=%s word=%s reply=\"%s\"", s->name,
		verdict_name(s->health.verdict), verdict_name(s->told),
		s->probed ? outcome_word(s->outcome) : "none", reply);
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
		s->ended(s->arg, s->name, &ended[i]);
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
		s->lines[form].len = answer_line(
			s->lines[form].text, &facts, (enum answer_form)form);
	if (*before != '\0' &&
		(s->told != s->health.verdict ||
			strcmp(before, s->lines[ANSWER_WITH_READY].text) != 0))
		log_verdict(s);
	set_expiry(s, now_ms);
}

static void on_expiry(uv_timer_t *timer)
{
	refresh(timer->data);
}

/*
 * The clock is asked too: after this process or the machine has stood still,
 * polls are served before any timer has run.
 */
const char *standing_line(
	struct standing *s, enum answer_form form, size_t *len)
{
	if (clock_now_ms() >= s->until_ms)
		refresh(s);
	*len = s->lines[form].len;
	return s->lines[form].text;
}

static void log_outcome(
	const struct standing *s, enum outcome o, const char *detail)
{
	if (s->probed && s->outcome == o)
		return;
	log_at(o == OUTCOME_OK ? LOG_INFO : LOG_WARN,
		"probe server=%s word=%s text=\"%s\" detail=\"%s\"", s->name,
		outcome_word(o), outcome_sentence(o), detail);
}

void standing_probed(struct standing *s, enum outcome o, const char *detail)
{
	log_outcome(s, o, detail);
	s->probed = true;
	s->outcome = o;
	text_format(s->detail, sizeof(s->detail), "%s", detail);
	health_probe(&s->health, &s->rules, o, clock_now_ms());
	refresh(s);
}

enum health_pace standing_pace(const struct standing *s)
{
	return health_pace(&s->health);
}

const struct orders *standing_orders(const struct standing *s)
{
	return &s->orders;
}

void standing_put_orders(struct standing *s, const struct orders *orders)
{
	s->orders = *orders;
	refresh(s);
}

void standing_look(struct standing *s, struct standing_view *v)
{
	const char *line = s->lines[ANSWER_WITH_READY].text;

	refresh(s);
	*v = (struct standing_view){ .verdict = s->health.verdict,
		.verdict_ms = s->health.since_ms > 0
			? clock_now_ms() - s->health.since_ms
			: 0,
		.word = s->probed ? outcome_word(s->outcome) : "none",
		.sentence = s->probed ? outcome_sentence(s->outcome)
				      : "no probe has ended yet",
		.detail = s->detail };
	text_format(v->reply, sizeof(v->reply), "%.*s",
		(int)strcspn(line, "\n"), line);
}

int standing_in_service(
	const struct standing_view *v, const struct orders *orders)
{
	if (orders->hold.kind != ORDER_NONE ||
		(orders->ceiling.kind != ORDER_NONE &&
			orders->ceiling.percent == 0))
		return 0;
	if (orders->state.kind != ORDER_NONE)
		return orders->state.kind == ORDER_UP;
	return v->verdict == VERDICT_UP || v->verdict == VERDICT_BUSY;
}

void standing_set_rules(
	struct standing *s, const char *name, const struct health_rules *rules)
{
	s->name = name;
	s->rules = *rules;
	refresh(s);
}

void standing_open(struct standing *s, const struct standing_options *o,
	const char *name, const struct health_rules *rules)
{
	memset(s, 0, sizeof(*s));
	s->history = o->history;
	s->ended = o->ended;
	s->arg = o->arg;
	uv_timer_init(o->loop, &s->expiry);
	s->expiry.data = s;
	standing_set_rules(s, name, rules);
}

static void on_closed(uv_handle_t *h)
{
	struct standing *s = h->data;

	s->closed(s->owner);
}

void standing_close(
	struct standing *s, void (*closed)(void *owner), void *owner)
{
	s->closed = closed;
	s->owner = owner;
	uv_close((uv_handle_t *)&s->expiry, on_closed);
}
