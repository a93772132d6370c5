#include "change.h"

#include <string.h>

#include "canary.h"
#include "text.h"

enum change_verdict change_choose(struct change_target *targets, size_t n,
	const struct command *c, char error[COMMAND_ERROR_MAX])
{
	const char *names[64];
	const char *meant;
	size_t chosen = 0;

	for (size_t i = 0; i < n; i++) {
		targets[i].chosen = (c->flags & COMMAND_ALL) != 0 ||
			(*c->server == '\0' && n == 1) ||
			strcmp(targets[i].name, c->server) == 0;
		chosen += (size_t)targets[i].chosen;
		if (i < 64)
			names[i] = targets[i].name;
	}
	if (chosen > 0)
		return CHANGE_DONE;
	if (*c->server == '\0') {
		text_format(error, COMMAND_ERROR_MAX,
			"%s: there are %zu servers: name one%s", c->spec->name,
			n,
			(c->spec->takes & COMMAND_TAKES_ALL) != 0
				? ", or say --all"
				: "");
		return CHANGE_WRONG;
	}
	meant = text_did_you_mean(c->server, names, n < 64 ? n : 64);
	text_format(error, COMMAND_ERROR_MAX,
		"%s: no server is named %.100s%s%s%s", c->spec->name, c->server,
		meant != NULL ? "; did you mean " : "",
		meant != NULL ? meant : "; `status` lists them",
		meant != NULL ? "?" : "");
	return CHANGE_WRONG;
}

static enum order_kind kind_of(enum command_id id)
{
	switch (id) {
	case COMMAND_DRAIN:
		return ORDER_DRAIN;
	case COMMAND_MAINT:
		return ORDER_MAINT;
	case COMMAND_DOWN:
		return ORDER_DOWN;
	case COMMAND_UP:
		return ORDER_UP;
	case COMMAND_WEIGHT:
		return ORDER_WEIGHT;
	case COMMAND_CANARY:
		return ORDER_CANARY;
	case COMMAND_HOLD:
		return ORDER_HOLD;
	case COMMAND_RELEASE:
		return ORDER_RELEASE;
	default:
		return ORDER_NONE;
	}
}

/* By itself `auto` ends what people have ordered, so not a hold. */
static void end_orders(struct orders *o, unsigned flags)
{
	unsigned slots =
		flags & (COMMAND_STATE | COMMAND_CEILING | COMMAND_HOLD_SLOT);

	if (slots == 0 || (slots & COMMAND_STATE) != 0)
		memset(&o->state, 0, sizeof(o->state));
	if (slots == 0 || (slots & COMMAND_CEILING) != 0)
		memset(&o->ceiling, 0, sizeof(o->ceiling));
	if ((slots & COMMAND_HOLD_SLOT) != 0)
		memset(&o->hold, 0, sizeof(o->hold));
}

static void take_steps(struct order *canary, const struct command *c)
{
	canary->n_steps = (unsigned)c->n_percents;
	for (size_t i = 0; i < c->n_percents; i++)
		canary->steps[i] = (unsigned char)c->percents[i];
	canary->every_s = (int64_t)(c->every_ms / 1000);
}

static void apply(struct orders *o, const struct command *c, const char *who,
	int64_t now_s)
{
	struct order given = { .kind = kind_of(c->spec->id),
		.percent = c->n_percents > 0 ? c->percents[0] : 0,
		.since_s = now_s,
		.keeping = (c->flags & COMMAND_VOLATILE) != 0 ? ORDER_VOLATILE
							      : ORDER_DURABLE };

	if ((c->flags & COMMAND_NEXT) != 0) {
		order_next_step(&o->ceiling, now_s);
		return;
	}
	if (given.kind == ORDER_NONE) {
		end_orders(o, c->flags);
		return;
	}
	if (c->for_ms > 0)
		given.until_s = now_s + (int64_t)(c->for_ms / 1000);
	else if (given.kind == ORDER_HOLD)
		given.until_s = now_s + CHANGE_HOLD_S;
	if (given.kind == ORDER_CANARY)
		take_steps(&given, c);
	text_format(given.who, sizeof(given.who), "%s", who);
	text_format(given.why, sizeof(given.why), "%s", c->why);
	order_give(o, &given);
}

/* What nothing is known of yet may well be in service. */
static size_t in_service(const struct change_target *targets, size_t n)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++) {
		struct standing_view view = targets[i].view;

		if (view.verdict == VERDICT_NONE)
			view.verdict = VERDICT_UP;
		count += (size_t)standing_in_service(&view, &targets[i].next);
	}
	return count;
}

/* Whether a canary can go on at all, and whether it had better. */
static enum change_verdict check_next(const struct change_target *t,
	const struct command *c, char error[COMMAND_ERROR_MAX])
{
	const struct canary_facts facts = { t->view.verdict, &t->now,
		t->view.probed };
	struct order canary = t->now.ceiling;
	char clause[CANARY_TEXT_MAX];

	if (canary.kind != ORDER_CANARY) {
		text_format(error, COMMAND_ERROR_MAX,
			"canary: %.100s has no canary plan; `canary N%% "
			"N%%...` "
			"begins one",
			t->name);
		return CHANGE_REFUSED;
	}
	if (!order_next_step(&canary, 0)) {
		text_format(error, COMMAND_ERROR_MAX,
			"canary: %.100s is at the last step, %u%%; `auto` ends "
			"the plan, and gives it its full weight",
			t->name, canary.percent);
		return CHANGE_REFUSED;
	}
	if ((c->flags & COMMAND_FORCE) == 0 &&
		canary_objection(clause, &facts)) {
		text_format(error, COMMAND_ERROR_MAX,
			"canary: %.100s stays at %u%%: %.150s; --force goes on "
			"all the same",
			t->name, t->now.ceiling.percent, clause);
		return CHANGE_REFUSED;
	}
	return CHANGE_DONE;
}

static enum change_verdict check_all_next(const struct change_target *targets,
	size_t n, const struct command *c, char error[COMMAND_ERROR_MAX])
{
	enum change_verdict verdict = CHANGE_DONE;

	for (size_t i = 0; i < n && verdict == CHANGE_DONE; i++)
		if (targets[i].chosen)
			verdict = check_next(&targets[i], c, error);
	return verdict;
}

enum change_verdict change_work_out(struct change_target *targets, size_t n,
	const struct command *c, const char *who, int64_t now_s,
	enum config_switch require_reason, char error[COMMAND_ERROR_MAX])
{
	enum change_verdict verdict = change_choose(targets, n, c, error);
	size_t before;

	if (verdict != CHANGE_DONE)
		return verdict;
	if (require_reason == CONFIG_YES &&
		(c->spec->takes & COMMAND_TAKES_REASON) != 0 &&
		(c->flags & COMMAND_NEXT) == 0 &&
		c->why[strspn(c->why, " ")] == '\0') {
		text_format(error, COMMAND_ERROR_MAX,
			"%s: a reason is required here: add -m REASON",
			c->spec->name);
		return CHANGE_REFUSED;
	}
	if ((c->flags & COMMAND_NEXT) != 0)
		verdict = check_all_next(targets, n, c, error);
	if (verdict != CHANGE_DONE)
		return verdict;
	for (size_t i = 0; i < n; i++)
		targets[i].next = targets[i].now;
	before = in_service(targets, n);
	for (size_t i = 0; i < n; i++)
		if (targets[i].chosen)
			apply(&targets[i].next, c, who, now_s);
	/* The end of a pin takes no --force: it takes nothing out. */
	if ((c->spec->takes & COMMAND_TAKES_FORCE) != 0 && n > 1 &&
		before > 0 && in_service(targets, n) == 0 &&
		(c->flags & COMMAND_FORCE) == 0) {
		text_format(error, COMMAND_ERROR_MAX,
			"%s: no server would be left in service; --force does "
			"it all the same",
			c->spec->name);
		return CHANGE_REFUSED;
	}
	return CHANGE_DONE;
}

static void merge_slot(
	struct order *slot, const struct order *now, const struct order *next)
{
	if (!order_same(now, next))
		*slot = *next;
}

void change_merge(struct orders *orders, const struct change_target *t)
{
	merge_slot(&orders->state, &t->now.state, &t->next.state);
	merge_slot(&orders->ceiling, &t->now.ceiling, &t->next.ceiling);
	merge_slot(&orders->hold, &t->now.hold, &t->next.hold);
}
