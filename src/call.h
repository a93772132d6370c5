#ifndef CALL_H
#define CALL_H

#include <stdbool.h>

#include "command.h"
#include "words.h"

/* One call of usherctl: a line to usherd, and what comes back. */
struct call {
	const char *socket;
	bool quiet;
	int argc; /* argv[0] is the command's name */
	char *argv[WORDS_MAX];
};

/*
 * Says it, and passes on to stdout and stderr what comes back.  `command` is
 * argv, parsed.  Where it waits, a usherd that ends is no end: it keeps orders,
 * and the next one is waited for.  Returns the exit code.
 */
int call_run(const struct call *call, const struct command *command);

#endif
