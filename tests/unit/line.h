#ifndef LINE_H
#define LINE_H

/* A line as somebody types it, parsed.  For the tests of commands. */
#include "t.h"

#include <stdio.h>

#include "command.h"
#include "words.h"

/* As command_parse(); the words stay until the next call. */
static inline int parse_line(
	struct command *c, const char *line, char error[COMMAND_ERROR_MAX])
{
	static char copy[1024];
	char *words[WORDS_MAX];
	int n;

	snprintf(copy, sizeof(copy), "%s", line);
	n = words_split(copy, words);
	assert_true(n >= 0);
	return command_parse(c, n, words, error);
}

#endif
