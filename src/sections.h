#ifndef SECTIONS_H
#define SECTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "config.h"
#include "option.h"

/*
 * A configuration file taken apart: its sections and the values in them, each
 * with its line.  The names are checked here, the values are not.
 */
struct entry {
	unsigned line;
	const struct option *option;
	char *value;
};

struct entries {
	struct entry *list;
	size_t n;
};

struct section {
	unsigned line; /* the first of that name; 0: not there */
	char *name;    /* of the server; NULL elsewhere */
	struct entries entries;
};

struct sections {
	struct section usher, defaults;
	struct section *servers;
	size_t n_servers;
	struct section *under;        /* the one being read, or NULL */
	struct section unknown;       /* stays empty: already complained of */
	struct config_errors *errors; /* borrowed */
	bool no_memory;
};

/* 0, or a UV_E* code when the file can't be read. */
int sections_read(
	struct sections *s, const char *path, struct config_errors *errors);
void sections_free(struct sections *s);

/* Whether a server may bear it. */
bool sections_is_name(const char *name);

/* Adds an error; what can't be noted for lack of memory sets no_memory. */
void sections_complain(struct sections *s, unsigned line, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* One more element at the end of an array of n, all zero; NULL: no memory. */
void *sections_grow(void **array, size_t *n, size_t size);

#endif
