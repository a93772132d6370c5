#include "audit.h"

#include <time.h>

#include "command.h"
#include "log.h"
#include "text.h"

/* As it stands in the log and the history; ceilings with their number. */
static void describe(char *dst, size_t cap, const struct order *o)
{
	char text[sizeof("9999-12-31T23:59:59Z")];
	time_t until = o->until_s;
	size_t used = 0;
	struct tm tm;

	if (o->kind == ORDER_NONE) {
		text_format(dst, cap, "none");
		return;
	}
	if (o->kind == ORDER_WEIGHT || o->kind == ORDER_CANARY)
		used = text_format(dst, cap, "%u%% ", o->percent);
	used += order_describe(dst + used, cap - used, o);
	if (o->until_s != 0 && gmtime_r(&until, &tm) != NULL &&
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm) > 0)
		text_format(dst + used, cap - used, " (until %s)", text);
	text_quotable(dst);
}

/* 1 when there was something to tell, else 0. */
static int tell_slot(struct history *h, const char *server, const char *by,
	const struct order *old, const struct order *now)
{
	char was[ORDER_WHY_MAX + 128], is[ORDER_WHY_MAX + 128];

	if (order_same(old, now))
		return 0;
	describe(was, sizeof(was), old);
	describe(is, sizeof(is), now);
	history_add(
		h, time(NULL), server, "order", "%s -> %s, by %s", was, is, by);
	log_always(LOG_INFO, "order server=%s by=\"%s\" old=\"%s\" new=\"%s\"",
		server, by, was, is);
	return 1;
}

void audit_change(struct history *h, const char *server, const char *by,
	const char *command, const struct orders *old, const struct orders *now)
{
	int told = tell_slot(h, server, by, &old->state, &now->state);

	told += tell_slot(h, server, by, &old->ceiling, &now->ceiling);
	told += tell_slot(h, server, by, &old->hold, &now->hold);
	if (told > 0)
		return;
	history_add(h, time(NULL), server, "order",
		"%s: nothing changes, by %s", command, by);
	log_always(LOG_INFO,
		"order server=%s by=\"%s\" text=\"%s: nothing changes\"",
		server, by, command);
}

void audit_act(const char *by, const char *what, const char *word)
{
	char text[COMMAND_NAME_MAX + 16];

	text_format(text, sizeof(text), "%s%s%s", what,
		*word != '\0' ? " " : "", word);
	text_quotable(text);
	log_always(LOG_INFO, "control by=\"%s\" text=\"%s\"", by, text);
}

void audit_move(struct history *h, const char *server, const struct order *was,
	const struct order *now, const char *why)
{
	char by[64];

	text_format(by, sizeof(by), "usherd (%s)", why);
	tell_slot(h, server, by, was, now);
}
