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
	if (f->orders->state.kind == ORDER_UP)
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

static unsigned weight_of(const struct answer_facts *f)
{
	const struct order *ceiling = &f->orders->ceiling;

	if (ceiling->kind != ORDER_NONE && ceiling->percent < f->automatic)
		return ceiling->percent;
	return f->automatic;
}

/*
 * The order that a reader should hear of first, or NULL.  Measured trouble
 * outranks it, except where the order overrides what was measured.
 */
static const struct order *order_to_tell(const struct answer_facts *f)
{
	const struct orders *o = f->orders;

	if (o->state.kind == ORDER_UP || o->state.kind == ORDER_DOWN)
		return &o->state;
	if (f->verdict == VERDICT_DOWN || f->verdict == VERDICT_FAIL)
		return NULL;
	if (o->state.kind != ORDER_NONE)
		return &o->state;
	if (o->hold.kind != ORDER_NONE)
		return &o->hold;
	if (f->verdict == VERDICT_STOPPING || f->verdict == VERDICT_BUSY)
		return NULL;
	return o->ceiling.kind != ORDER_NONE ? &o->ceiling : NULL;
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
		text_format(reason, ANSWER_REASON_MAX + 1, "%s", text);
	}
	text_printable(reason, strlen(reason));
}

size_t answer_line(char line[ANSWER_MAX], const struct answer_facts *f,
	enum answer_form form)
{
	static const char *const admin_words[] = { "ready ", "drain ",
		"maint " };
	const char *health = health_word(f), *word;
	enum admin admin = admin_of(f);
	unsigned weight = weight_of(f);
	bool in = admin == ADMIN_READY &&
		(*health == '\0' || strcmp(health, "up") == 0);
	char reason[ANSWER_REASON_MAX + 1];

	reason_of(reason, f);
	/* Nothing known and nothing ordered: a comment changes nothing. */
	if (*health == '\0' && admin == ADMIN_READY &&
		f->orders->ceiling.kind == ORDER_NONE)
		return text_format(line, ANSWER_MAX, "# %s\n", reason);
	word = admin_words[admin];
	if (form == ANSWER_WITHOUT_ADMIN ||
		(admin == ADMIN_READY &&
			(form == ANSWER_WITHOUT_READY || *health == '\0')))
		word = "";
	if (form == ANSWER_WITHOUT_ADMIN && !in)
		weight = 0;
	return text_format(line, ANSWER_MAX, "%s%s%s%u%%%s%s\n", health,
		*health != '\0' ? " " : "", word, weight,
		*reason != '\0' ? " # " : "", reason);
}
