#include "order.h"

#include <string.h>

#include "text.h"

static const char *const names[] = {
	[ORDER_NONE] = "none",
	[ORDER_DRAIN] = "drain",
	[ORDER_MAINT] = "maint",
	[ORDER_DOWN] = "down",
	[ORDER_UP] = "up",
	[ORDER_RELEASE] = "release",
	[ORDER_WEIGHT] = "weight",
	[ORDER_CANARY] = "canary",
	[ORDER_HOLD] = "hold",
};

const char *order_name(enum order_kind kind)
{
	return names[kind];
}

enum order_kind order_kind(const char *name)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strcmp(names[i], name) == 0)
			return (enum order_kind)i;
	return ORDER_NONE;
}

static bool same_steps(const struct order *a, const struct order *b)
{
	return a->n_steps == b->n_steps &&
		memcmp(a->steps, b->steps, sizeof(a->steps)) == 0;
}

int order_same(const struct order *a, const struct order *b)
{
	return same_steps(a, b) && a->step == b->step &&
		a->every_s == b->every_s && a->kind == b->kind &&
		a->percent == b->percent && a->since_s == b->since_s &&
		a->until_s == b->until_s && a->keeping == b->keeping &&
		strcmp(a->who, b->who) == 0 && strcmp(a->why, b->why) == 0;
}

int order_next_step(struct order *canary, int64_t now_s)
{
	if (canary->kind != ORDER_CANARY || canary->step + 1 >= canary->n_steps)
		return 0;
	canary->percent = canary->steps[++canary->step];
	canary->since_s = now_s;
	return 1;
}

struct order *order_slot(struct orders *o, enum order_kind kind)
{
	switch (kind) {
	case ORDER_WEIGHT:
	case ORDER_CANARY:
		return &o->ceiling;
	case ORDER_HOLD:
		return &o->hold;
	default:
		return &o->state;
	}
}

void order_slots(struct orders *o, struct order *slots[ORDER_SLOTS])
{
	slots[0] = &o->state;
	slots[1] = &o->ceiling;
	slots[2] = &o->hold;
}

void order_give(struct orders *o, const struct order *given)
{
	struct order *slot = order_slot(o, given->kind);
	int64_t since_s = slot->since_s;
	int again = slot->kind == given->kind &&
		slot->percent == given->percent && same_steps(slot, given);

	*slot = *given;
	if (again)
		slot->since_s = since_s;
}

size_t order_expire(
	struct orders *o, int64_t now_s, struct order ended[ORDER_SLOTS])
{
	struct order *slots[ORDER_SLOTS];
	size_t n = 0;

	order_slots(o, slots);
	for (size_t i = 0; i < ORDER_SLOTS; i++) {
		if (slots[i]->until_s == 0 || slots[i]->until_s > now_s)
			continue;
		ended[n++] = *slots[i];
		memset(slots[i], 0, sizeof(*slots[i]));
	}
	return n;
}

int order_takes(const struct orders *o)
{
	return o->state.kind == ORDER_DRAIN || o->state.kind == ORDER_MAINT ||
		o->hold.kind != ORDER_NONE;
}

int order_keeps_out(const struct orders *o)
{
	return order_takes(o) || o->state.kind == ORDER_DOWN;
}

int64_t order_next_end(const struct orders *o)
{
	const struct order *const slots[ORDER_SLOTS] = { &o->state, &o->ceiling,
		&o->hold };
	int64_t next_s = 0;

	for (size_t i = 0; i < ORDER_SLOTS; i++)
		if (slots[i]->until_s != 0 &&
			(next_s == 0 || slots[i]->until_s < next_s))
			next_s = slots[i]->until_s;
	return next_s;
}

size_t order_describe(char *dst, size_t cap, const struct order *o)
{
	return text_format(dst, cap, "%s by %s%s%s", order_name(o->kind),
		o->who, o->why[0] != '\0' ? ": " : "", o->why);
}
