#ifndef OPTION_H
#define OPTION_H

#include <stddef.h>

#include "config.h"

/*
 * One table of all options: section, name, kind of value, range, default.  The
 * manual page is checked against it.
 */
enum option_section { OPTION_USHER, OPTION_SERVER };

enum option_kind {
	OPTION_TEXT,
	OPTION_TIME,   /* milliseconds within min..max */
	OPTION_NUMBER, /* within min..max */
	OPTION_CHOICE, /* one of `choices`, stored as its index */
	OPTION_PORTS,  /* ADDRESS:PORT ..., literal addresses or * */
	OPTION_TARGET, /* HOST:PORT */
	OPTION_NETS,
};

struct option {
	enum option_section section;
	const char *name;
	enum option_kind kind;
	size_t offset; /* in struct config or struct config_server */
	uint64_t min, max;
	const char *choices; /* "simple legacy" */
	const char
		*standard; /* the default as text; "" where it is worked out */
};

extern const struct option options[];
extern const size_t options_n;

const struct option *option_find(enum option_section section, const char *name);

/*
 * Parses `value` into `target` (a struct config or config_server; what it held
 * there is freed).  0, or UV_EINVAL with the sentence in `error`, or UV_ENOMEM
 */
enum { OPTION_ERROR_MAX = 400 };
int option_set(const struct option *o, void *target, const char *value,
	char error[OPTION_ERROR_MAX]);

/* Steps over a list's next word: its start and length; 0 at the end. */
size_t option_next_word(const char **list, const char **word);

#endif
