#include "poller.h"

#include <stdlib.h>
#include <string.h>

#include <uv.h>

enum { FADE_INTERVAL = 16, FADE_LONGEST = 64 };

void pollers_start(struct pollers *p, struct poller_time now)
{
	memset(p, 0, sizeof(*p));
	p->since_ms = now.ms;
}

void pollers_free(struct pollers *p)
{
	free(p->list);
	memset(p, 0, sizeof(*p));
}

/* --- the table --- */

static struct poller *find(struct pollers *p, const struct addr_host *host)
{
	for (size_t i = 0; i < p->n; i++)
		if (memcmp(&p->list[i].host, host, sizeof(*host)) == 0)
			return &p->list[i];
	return NULL;
}

static uint64_t silent_ms(
	const struct pollers *all, const struct poller *p, uint64_t now_ms)
{
	return now_ms - (p->last_ms > 0 ? p->last_ms : all->since_ms);
}

static uint64_t patience_ms(const struct poller *p)
{
	uint64_t ms = POLLER_LIVE_GAPS * p->interval_ms;

	return ms > POLLER_LIVE_MIN_MS ? ms : POLLER_LIVE_MIN_MS;
}

int poller_live(const struct poller *p, struct poller_time now)
{
	return p->polls >= POLLER_LIVE_POLLS &&
		now.ms - p->last_ms <= patience_ms(p);
}

int poller_known(const struct poller *p)
{
	return p->polls >= POLLER_LIVE_POLLS || p->earlier;
}

int poller_expected(const struct pollers *all, const struct poller *p,
	struct poller_time now)
{
	return silent_ms(all, p, now.ms) <= patience_ms(p);
}

/*
 * One whose place may be given away: it asks no more, and is owed nothing, or
 * has never come often.
 */
static struct poller *find_idle(struct pollers *p, struct poller_time now)
{
	struct poller *oldest = NULL;

	for (size_t i = 0; i < p->n; i++) {
		struct poller *q = &p->list[i];

		if ((q->taken && poller_known(q)) || poller_expected(p, q, now))
			continue;
		if (oldest == NULL ||
			silent_ms(p, q, now.ms) > silent_ms(p, oldest, now.ms))
			oldest = q;
	}
	return oldest;
}

/* NULL where there is no place. */
static struct poller *add(struct pollers *p, const struct poller *fresh)
{
	struct poller *grown;

	if (p->n == POLLER_MAX)
		return NULL;
	/* The room is the next power of two at least, so 1, 2, 4 may be all */
	if ((p->n & (p->n - 1)) == 0) {
		grown = realloc(
			p->list, (p->n > 0 ? 2 * p->n : 1) * sizeof(*grown));
		if (grown == NULL)
			return NULL;
		p->list = grown;
	}
	p->list[p->n] = *fresh;
	return &p->list[p->n++];
}

static bool lately(int64_t s, struct poller_time now)
{
	/* A future one is of a clock that was wrong, then or now. */
	return s != 0 && s > now.s - POLLER_NEW_OWED_S &&
		s < now.s + POLLER_NEW_OWED_S;
}

static struct poller *welcome(
	struct pollers *p, const struct addr_host *host, struct poller_time now)
{
	struct poller fresh = { .host = *host,
		.taken = lately(p->ended_s, now) };
	struct poller *idle;

	if (p->n < POLLER_MAX)
		return add(p, &fresh);
	idle = find_idle(p, now);
	if (idle != NULL)
		*idle = fresh;
	return idle;
}

void pollers_restore(struct pollers *p, const struct poller *was)
{
	struct poller copy = *was;

	copy.earlier = was->interval_ms > 0;
	if (find(p, &was->host) == NULL)
		add(p, &copy);
}

int pollers_copy(struct pollers *p, const struct pollers *from)
{
	struct pollers copy = *from;

	copy.list = NULL;
	copy.n = 0;
	for (size_t i = 0; i < from->n; i++) {
		if (add(&copy, &from->list[i]) == NULL) {
			pollers_free(&copy);
			return UV_ENOMEM;
		}
	}
	pollers_free(p);
	*p = copy;
	return 0;
}

/* --- debts --- */

void pollers_checked(struct pollers *p, struct poller_time now)
{
	p->checks++;
	p->checked_s = now.s;
}

void pollers_take_all(struct pollers *p)
{
	for (size_t i = 0; i < p->n; i++) {
		p->list[i].taken = true;
		p->list[i].paid = 0;
	}
	p->unsaved = true;
}

void pollers_doubt(struct pollers *p, struct poller_time now)
{
	pollers_take_all(p);
	p->ended_s = now.s;
}

void pollers_say(
	struct pollers *p, enum answer_told told, struct poller_time now)
{
	if (answer_takes(p->saying) != answer_takes(told)) {
		p->ended_s = now.s;
		p->unsaved = true;
	}
	p->saying = told;
}

int poller_owed(const struct pollers *all, const struct poller *p)
{
	return p->taken && !answer_takes(all->saying);
}

static void pay(struct poller *p, struct poller_time now)
{
	uint64_t over_ms = POLLER_PAY_GAPS * p->longest_ms;

	if (p->paid == 0)
		p->paid_since_ms = now.ms;
	p->paid++;
	if (over_ms < POLLER_PAY_MS)
		over_ms = POLLER_PAY_MS;
	if (p->paid < POLLER_PAY_MIN || now.ms - p->paid_since_ms < over_ms)
		return;
	p->taken = p->sure = false;
	p->paid = 0;
}

/* It is being told `line`. */
static void note_told(
	struct poller *p, const struct answer *line, struct poller_time now)
{
	p->told = line->told;
	p->counts[line->told]++;
	if (answer_takes(line->told)) {
		p->taken = p->sure = true;
		p->paid = 0;
	} else if (line->ready && p->taken) {
		pay(p, now);
	}
}

static enum answer_form choose(const struct poller *p,
	enum poller_policy policy, const struct answer *lines)
{
	const struct answer *giving = &lines[ANSWER_WITH_READY];

	if (policy == POLLER_NEVER)
		return p != NULL && p->taken && giving->ready
			? ANSWER_WITH_READY
			: ANSWER_WITHOUT_ADMIN;
	if (policy == POLLER_ALWAYS || p == NULL || p->taken)
		return ANSWER_WITH_READY;
	return ANSWER_WITHOUT_READY;
}

/* --- polls --- */

/*
 * A single long pause is no new interval, two in a row are: then the balancer
 * was told to ask less often.
 */
static void learn(struct poller *p, uint64_t gap_ms)
{
	if (gap_ms > POLLER_GAP_MAX_MS)
		gap_ms = POLLER_GAP_MAX_MS;
	if (gap_ms >= p->longest_ms)
		p->longest_ms = gap_ms;
	else
		p->longest_ms -= (p->longest_ms - gap_ms) / FADE_LONGEST;
	if (p->interval_ms != 0 && gap_ms > patience_ms(p) && p->odd_ms == 0) {
		p->odd_ms = gap_ms;
		return;
	}
	if (p->odd_ms != 0 && gap_ms > patience_ms(p))
		gap_ms = gap_ms < p->odd_ms ? gap_ms : p->odd_ms;
	p->odd_ms = 0;
	if (gap_ms >= p->interval_ms)
		p->interval_ms = gap_ms;
	else
		p->interval_ms -= (p->interval_ms - gap_ms) / FADE_INTERVAL;
}

enum answer_form pollers_poll(struct pollers *p, enum poller_policy policy,
	const struct addr_host *host, struct poller_time now,
	const struct answer *lines)
{
	struct poller *q = find(p, host);
	enum answer_form form;
	struct poller was;

	if (q == NULL)
		q = welcome(p, host, now);
	if (q == NULL) {
		form = choose(q, policy, lines);
		p->others[lines[form].told]++;
		return form;
	}
	was = *q;
	/* `never` gives back what was told before it was set, no more. */
	if (policy == POLLER_NEVER && !q->sure)
		q->taken = false;
	form = choose(q, policy, lines);
	if (q->last_ms > 0)
		learn(q, now.ms - q->last_ms);
	q->last_ms = now.ms;
	q->last_s = now.s;
	q->polls++;
	note_told(q, &lines[form], now);
	/* By the third, its interval is known too. */
	if (was.told != q->told || was.taken != q->taken ||
		q->polls == POLLER_LIVE_POLLS)
		p->unsaved = true;
	return form;
}

/* --- time --- */

static bool to_be_forgotten(const struct pollers *all, const struct poller *p,
	struct poller_time now)
{
	uint64_t age_ms = silent_ms(all, p, now.ms);

	if (p->taken)
		return age_ms > POLLER_FORGET_MS &&
			now.s - p->last_s > POLLER_FORGET_OWED_S;
	return age_ms > POLLER_FORGET_MS ||
		(!poller_known(p) && age_ms > POLLER_PASSER_MS);
}

static void look_at(const struct pollers *all, struct poller *p,
	uint64_t now_ms, poller_event_cb cb, void *arg)
{
	bool silent =
		poller_known(p) && silent_ms(all, p, now_ms) > patience_ms(p);

	if (silent == p->silent)
		return;
	p->silent = silent;
	cb(arg, silent ? POLLER_SILENT : POLLER_BACK, p);
}

void pollers_look(struct pollers *p, struct poller_time now, poller_event_cb cb,
	void *arg)
{
	size_t kept = 0;

	for (size_t i = 0; i < p->n; i++) {
		if (to_be_forgotten(p, &p->list[i], now)) {
			p->unsaved = true;
			continue;
		}
		look_at(p, &p->list[i], now.ms, cb, arg);
		if (kept != i)
			p->list[kept] = p->list[i];
		kept++;
	}
	p->n = kept;
	if (p->n > 0 || p->checks > 0) {
		p->nobody = false;
	} else if (!p->nobody && now.ms - p->since_ms >= POLLER_NOBODY_MS) {
		p->nobody = true;
		cb(arg, POLLER_NOBODY, NULL);
	}
}
