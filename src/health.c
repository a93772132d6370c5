#include "health.h"

#include <stdbool.h>

const char *verdict_name(enum verdict v)
{
	static const char *const names[] = {
		[VERDICT_NONE] = "none",
		[VERDICT_UP] = "up",
		[VERDICT_BUSY] = "busy",
		[VERDICT_DOWN] = "down",
		[VERDICT_FAIL] = "fail",
		[VERDICT_STOPPING] = "stopping",
	};

	return names[v];
}

static bool healthy(const struct health *h)
{
	return h->verdict == VERDICT_UP || h->verdict == VERDICT_BUSY;
}

static void become(
	struct health *h, enum verdict v, enum outcome because, uint64_t now_ms)
{
	if (h->verdict != v)
		h->since_ms = now_ms;
	h->verdict = v;
	h->because = because;
}

static void take_good(struct health *h, const struct health_rules *rules,
	enum outcome o, uint64_t now_ms)
{
	h->bad = 0;
	h->good++;
	if (healthy(h) || h->verdict == VERDICT_NONE || h->good >= rules->rise)
		become(h, VERDICT_UP, o, now_ms);
}

static void take_bad(struct health *h, const struct health_rules *rules,
	enum outcome o, uint64_t now_ms)
{
	bool at_once = h->verdict == VERDICT_NONE && o == OUTCOME_REFUSED;

	h->good = 0;
	h->bad++;
	if (h->bad < rules->fall && !at_once)
		return;
	become(h,
		outcome_effect(o) == EFFECT_ABSENT ? VERDICT_DOWN
						   : VERDICT_FAIL,
		o, now_ms);
}

/* Does not touch `bad`: slow endings neither add to dead ones nor forgive */
static void take_slow(struct health *h, const struct health_rules *rules,
	enum outcome o, uint64_t now_ms)
{
	if (!healthy(h)) {
		take_bad(h, rules, o, now_ms);
		return;
	}
	h->good = 0;
	if (h->verdict == VERDICT_UP)
		h->busy_ms = now_ms;
	become(h, VERDICT_BUSY, o, now_ms);
}

static void take_word(
	struct health *h, enum verdict v, enum outcome o, uint64_t now_ms)
{
	h->good = h->bad = 0;
	become(h, v, o, now_ms);
}

void health_probe(struct health *h, const struct health_rules *rules,
	enum outcome o, uint64_t now_ms)
{
	health_advance(h, rules, now_ms);
	if (outcome_effect(o) == EFFECT_NOTHING)
		return;
	h->ended_ms = now_ms;
	switch (outcome_effect(o)) {
	case EFFECT_NOTHING:
		break;
	case EFFECT_GOOD:
		take_good(h, rules, o, now_ms);
		break;
	case EFFECT_SLOW:
		take_slow(h, rules, o, now_ms);
		break;
	case EFFECT_DEAD:
	case EFFECT_ABSENT:
		take_bad(h, rules, o, now_ms);
		break;
	case EFFECT_STARTING:
		take_word(h, VERDICT_DOWN, o, now_ms);
		break;
	case EFFECT_STOPPING:
		take_word(h, VERDICT_STOPPING, o, now_ms);
		break;
	}
}

void health_advance(
	struct health *h, const struct health_rules *rules, uint64_t now_ms)
{
	if (h->verdict == VERDICT_BUSY &&
		now_ms - h->busy_ms >= rules->busy_limit_ms)
		become(h, VERDICT_FAIL, h->because, now_ms);
	if (h->verdict != VERDICT_NONE &&
		now_ms - h->ended_ms > rules->stale_ms) {
		h->good = h->bad = 0;
		become(h, VERDICT_NONE, h->because, now_ms);
	}
}

uint64_t health_deadline(
	const struct health *h, const struct health_rules *rules)
{
	uint64_t busy = UINT64_MAX, stale;

	if (h->verdict == VERDICT_NONE)
		return UINT64_MAX;
	if (h->verdict == VERDICT_BUSY)
		busy = h->busy_ms + rules->busy_limit_ms;
	stale = h->ended_ms + rules->stale_ms + 1;
	return busy < stale ? busy : stale;
}

enum health_pace health_pace(const struct health *h)
{
	bool changing;

	switch (h->verdict) {
	case VERDICT_UP:
		changing = h->bad > 0;
		break;
	case VERDICT_FAIL:
		changing = h->good > 0;
		break;
	case VERDICT_DOWN:
		changing = h->good > 0 || h->because == OUTCOME_STARTING;
		break;
	default:
		changing = true;
		break;
	}
	return changing ? HEALTH_CHANGING : HEALTH_STEADY;
}
