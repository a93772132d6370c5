#ifndef REPORT_H
#define REPORT_H

#include <stddef.h>

#include "history.h"
#include "order.h"
#include "standing.h"

/*
 * What usherctl shows: text for people, and JSON for scripts.  The JSON is the
 * contract: fields are added, not changed, within one "version".
 */
struct report_server {
	const char *name;
	struct standing_view view;
	const struct orders *orders;
};

struct report {
	const struct report_server *servers;
	size_t n;
	const char *problem; /* with the state file; "" for none */
	int64_t now_s;
};

enum report_color { REPORT_PLAIN, REPORT_COLOR };

/* What these return is the caller's to free; NULL without memory. */
char *report_text(const struct report *r, enum report_color color);
char *report_json(const struct report *r);

/* One change, as one line with its '\n'. */
char *report_entry_text(const struct history_entry *e);
char *report_entry_json(const struct history_entry *e);

/* All that are left, the oldest first. */
char *report_history_text(const struct history *h);
char *report_history_json(const struct history *h);

#endif
