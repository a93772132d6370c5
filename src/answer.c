#include "answer.h"

#include <stdbool.h>
#include <string.h>

#include "text.h"

enum admin { ADMIN_READY, ADMIN_DRAIN, ADMIN_MAINT };

/* "" where nothing is known: the register then stays as it is. */
static const char *health_word(const struct answer_facts *f)
{
	if (f->orders->state.kind == ORDER_DOWN)
		return "stopped";
	if (f->orders->state.kind == ORDER_UP ||
		f->orders->state.kind == ORDER_RELEASE)
		return "up";
	switch (f->verdict) {
	case VERDICT_NONE:
		return "";
	case VERDICT_DOWN:
		return "down";
	case VERDICT_FAIL:
		return "fail";
	default:
		return "up";
	}
}

static enum admin admin_of(const struct answer_facts *f)
{
	switch (f->orders->state.kind) {
	case ORDER_MAINT:
		return ADMIN_MAINT;
	case ORDER_DRAIN:
		return ADMIN_DRAIN;
	case ORDER_RELEASE:
		return ADMIN_READY;
	case ORDER_UP:
	case ORDER_DOWN:
		break;
	default:
		if (f->verdict == VERDICT_STOPPING)
			return ADMIN_DRAIN;
		break;
	}
	return f->orders->hold.kind != ORDER_NONE ? ADMIN_DRAIN : ADMIN_READY;
}

unsigned answer_weight(const struct orders *o, unsigned automatic)
{
	if (o->state.kind == ORDER_RELEASE)
		return 100;
	if (o->ceiling.kind != ORDER_NONE && o->ceiling.percent < automatic)
		return o->ceiling.percent;
	return automatic;
}

/*
 * The order that a reader should hear of first, or NULL.  Measured trouble
 * outranks it, except where the order overrides what was measured.
 */
static const struct order *order_to_tell(const struct answer_facts *f)
{
	const struct orders *o = f->orders;

	if (o->state.kind == ORDER_UP && o->hold.kind != ORDER_NONE)
		return &o->hold;
	if (o->state.kind == ORDER_UP || o->state.kind == ORDER_DOWN ||
		o->state.kind == ORDER_RELEASE)
		return &o->state;
	if (f->verdict == VERDICT_DOWN || f->verdict == VERDICT_FAIL)
		return NULL;
	if (o->state.kind != ORDER_NONE)
		return &o->state;
	if (o->hold.kind != ORDER_NONE)
		return &o->hold;
	if (f->verdict == VERDICT_STOPPING || f->verdict == VERDICT_BUSY)
		return NULL;
	return o->ceiling.kind != ORDER_NONE &&
			o->ceiling.percent <= f->automatic
		? &o->ceiling
		: NULL;
}

static void reason_of(
	char reason[ANSWER_REASON_MAX + 1], const struct answer_facts *f)
{
	const struct order *o = order_to_tell(f);
	const char *text = "";

	if (o != NULL) {
		order_describe(reason, ANSWER_REASON_MAX + 1, o);
	} else {
		if (f->verdict == VERDICT_NONE)
			text = "no verdict yet";
		else if (f->verdict == VERDICT_BUSY)
			text = "busy";
		else if (f->verdict != VERDICT_UP)
			text = outcome_sentence(f->because);
		else if (f->why != NULL)
			text = f->why;
		text_format(reason, ANSWER_REASON_MAX + 1, "%s", text);
	}
	text_printable(reason, strlen(reason));
}

static enum answer_told told_by(
	enum admin admin, const char *health, unsigned weight)
{
	if (admin == ADMIN_MAINT)
		return ANSWER_MAINT;
	if (admin == ADMIN_DRAIN)
		return ANSWER_DRAIN;
	if (weight == 0)
		return ANSWER_OUT;
	if (*health == '\0')
		return ANSWER_NOTHING;
	return strcmp(health, "up") == 0 ? ANSWER_IN : ANSWER_OUT;
}

/* Nothing known and nothing ordered: a comment changes nothing. */
static bool says_nothing(const struct answer_facts *f, enum admin admin)
{
	return *health_word(f) == '\0' && admin == ADMIN_READY &&
		f->orders->ceiling.kind == ORDER_NONE;
}

/* Whether the admin register is named at all. */
static bool names_admin(
	const struct answer_facts *f, enum admin admin, enum answer_form form)
{
	if (form == ANSWER_WITHOUT_ADMIN)
		return false;
	if (admin != ADMIN_READY || f->orders->state.kind == ORDER_RELEASE)
		return true;
	return form == ANSWER_WITH_READY && *health_word(f) != '\0';
}

void answer_make(
	struct answer *a, const struct answer_facts *f, enum answer_form form)
{
	static const char *const admin_words[] = { "ready ", "drain ",
		"maint " };
	const char *health = health_word(f), *word = "";
	enum admin admin = admin_of(f);
	unsigned weight = answer_weight(f->orders, f->automatic);
	char reason[ANSWER_REASON_MAX + 1];

	memset(a, 0, sizeof(*a));
	reason_of(reason, f);
	if (says_nothing(f, admin)) {
		a->len = text_format(a->text, ANSWER_MAX, "# %s\n", reason);
		return;
	}
	if (names_admin(f, admin, form)) {
		word = admin_words[admin];
		a->ready = admin == ADMIN_READY;
	}
	if (form == ANSWER_WITHOUT_ADMIN) {
		if (admin != ADMIN_READY ||
			(*health != '\0' && strcmp(health, "up") != 0))
			weight = 0;
		admin = ADMIN_READY;
	}
	a->told = told_by(admin, health, weight);
	a->percent = weight;
	a->len = text_format(a->text, ANSWER_MAX, "%s%s%s%u%%%s%s\n", health,
		*health != '\0' ? " " : "", word, weight,
		*reason != '\0' ? " # " : "", reason);
}

static const char *const told_names[] = {
	[ANSWER_NOTHING] = "none",
	[ANSWER_IN] = "in",
	[ANSWER_OUT] = "out",
	[ANSWER_DRAIN] = "drain",
	[ANSWER_MAINT] = "maint",
};

const char *answer_told_name(enum answer_told told)
{
	return told_names[told];
}

enum answer_told answer_told(const char *name)
{
	for (size_t i = 0; i < sizeof(told_names) / sizeof(*told_names); i++)
		if (strcmp(told_names[i], name) == 0)
			return (enum answer_told)i;
	return ANSWER_NOTHING;
}

int answer_takes(enum answer_told told)
{
	return told == ANSWER_DRAIN || told == ANSWER_MAINT;
}
