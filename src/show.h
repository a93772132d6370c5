#ifndef SHOW_H
#define SHOW_H

#include "command.h"
#include "fleet.h"
#include "history.h"
#include "orderbook.h"
#include "report.h"

/*
 * What the look commands show: gathers the facts that a report is made of.
 */
struct show {
	struct fleet *fleet; /* borrowed, like the others */
	struct orderbook *book;
	const struct history *history;
};

/*
 * One of the reports, about the servers that `command` names; without a name,
 * all.  The caller frees it.  NULL with the sentence in `error`.
 */
char *show_servers(const struct show *s, const struct command *command,
	char *(*make)(const struct report *r), char error[COMMAND_ERROR_MAX]);

/* How each command is used, or the one that command.word names; likewise. */
char *show_help(const struct command *command, char error[COMMAND_ERROR_MAX]);

/* "ok\n" and `body`, which is freed; NULL without memory, or for NULL. */
char *show_ok(char *body);

/* What the chosen targets are told after an order; NULL without memory. */
char *show_told(const struct change_target *targets, size_t n, unsigned flags);

/*
 * "error CODE SENTENCE\n", with what a terminal would obey replaced by '?';
 * its length.
 */
enum { SHOW_ERROR_MAX = COMMAND_ERROR_MAX + 512 };
size_t show_error(
	char dst[SHOW_ERROR_MAX], enum command_exit code, const char *sentence);

/* "TEXT\n", or { "version", "text" } for scripts; NULL without memory. */
char *show_sentence(const char *text, unsigned flags);

/* A line of progress: "SERVER: TEXT\n", or JSON; NULL without memory. */
char *show_progress(const char *server, const char *text, unsigned flags);

#endif
