#ifndef REPORT_H
#define REPORT_H

#include <stddef.h>

#include <jansson.h>

#include "command.h"
#include "config.h"
#include "fleet.h"
#include "history.h"
#include "order.h"
#include "standing.h"

/*
 * What usherctl shows: text for people, and JSON for scripts.  The JSON is the
 * contract: fields are added, not changed, within one "version".
 */
struct report_server {
	const char *name;
	const struct config_server *config; /* explain, probe, haproxy only */
	struct standing_view view;
	const struct orders *orders;
};

struct report {
	const struct report_server *servers;
	size_t n;
	const char *problem;       /* with the state file; "" for none */
	uint64_t refused;          /* polls from outside `allow` */
	const char *refused_last;  /* the address of the last one, or "" */
	const struct fleet *fleet; /* haproxy only */
	struct poller_time now;
	unsigned flags; /* of the command: COMMAND_JSON, COMMAND_COLOR */
	unsigned width; /* of lines; 0 where it is not known */
};

/* What these return is the caller's to free; NULL without memory. */
char *report_status(const struct report *r);
char *report_pollers(const struct report *r);
char *report_explain(const struct report *r);

/* Lines for haproxy.cfg. */
char *report_haproxy(const struct report *r);

/* One probe, step by step: the last of each server. */
char *report_probe(const struct report *r);

/* What is wrong with one server's polls: the i-th, or 0 past the last. */
enum { REPORT_WARNING_MAX = 128 };
int report_warning(const struct report *r, const struct report_server *s,
	size_t i, char text[REPORT_WARNING_MAX]);

/* What HAProxy is told: the lowest of all limits, per cent. */
unsigned report_weight(const struct report_server *s);

/* Pieces of the reports. */
struct paper;
void report_probed(struct paper *p, const struct probed *last);
json_t *report_probed_json(const struct probed *last);

/* "drain by alice for 3m, ends in 2h: kernel upgrade" */
enum { REPORT_ORDER_MAX = 512 };
void report_order(
	char dst[REPORT_ORDER_MAX], const struct order *o, int64_t now_s);
json_t *report_order_json(const struct order *o);
/* A canary's next step: "next step: 25% in 12m".  1, or 0 where it is none. */
enum { REPORT_CANARY_MAX = 256 };
int report_canary(char dst[REPORT_CANARY_MAX], const struct report *r,
	const struct report_server *s);
json_t *report_canary_json(
	const struct report *r, const struct report_server *s);
json_t *report_pollers_json(
	const struct report *r, const struct report_server *s);

/* One change, as one line with its '\n'. */
char *report_entry_text(const struct history_entry *e);
char *report_entry_json(const struct history_entry *e);

/* All that are left, the oldest first. */
char *report_history(const struct history *h, unsigned flags);

#endif
