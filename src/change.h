#ifndef CHANGE_H
#define CHANGE_H

#include <stddef.h>

#include "command.h"
#include "config.h"
#include "standing.h"

/*
 * What an order command makes of the orders of some servers.  Pure, but for
 * the views that are passed in.
 */
struct change_target {
	char name[COMMAND_NAME_MAX];
	struct standing_view view;
	struct orders now;  /* in force */
	struct orders next; /* after the change */
	int chosen;         /* the command is about this one */
};

/* A hold ends by itself, at the latest then: its restart may never come. */
enum { CHANGE_HOLD_S = 15 * 60 };

enum change_verdict {
	CHANGE_DONE,
	CHANGE_WRONG,   /* exit code 1: no such server, or which one? */
	CHANGE_REFUSED, /* exit code 5 */
};

/* Fills in `chosen`: which servers the command is about. */
enum change_verdict change_choose(struct change_target *targets, size_t n,
	const struct command *c, char error[COMMAND_ERROR_MAX]);

/*
 * Fills in next and chosen of all targets.  `who` gave the command, at now_s.
 * Else: the sentence.
 */
enum change_verdict change_work_out(struct change_target *targets, size_t n,
	const struct command *c, const char *who, int64_t now_s,
	enum config_switch require_reason, char error[COMMAND_ERROR_MAX]);

/*
 * Puts into `orders`, which may have changed since the command was worked out,
 * only what it changes: a hold may have ended meanwhile, or an order run out.
 */
void change_merge(struct orders *orders, const struct change_target *t);

#endif
