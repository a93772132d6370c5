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
enum section_kind {
	SECTION_UNKNOWN, /* already complained of */
	SECTION_USHER,
	SECTION_DEFAULTS,
	SECTION_SERVER,
};

struct section {
	enum section_kind kind;
	unsigned line;
	char *name; /* of the server; NULL elsewhere */
};

struct entry {
	size_t section; /* index */
	unsigned line;
	const struct option *option;
	char *value;
};

struct sections {
	struct section *sections;
	struct entry *entries;
	size_t n_sections, n_entries;
	struct config_errors *errors; /* borrowed */
	bool no_memory;
};

/* 0, or a UV_E* code when the file can't be read. */
int sections_read(
	struct sections *s, const char *path, struct config_errors *errors);
void sections_free(struct sections *s);

/* The first of this kind (and name, unless NULL), or NULL. */
const struct section *sections_find(
	const struct sections *s, enum section_kind kind, const char *name);

/* Adds an error; what can't be noted for lack of memory sets no_memory. */
void sections_complain(struct sections *s, unsigned line, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* One more element at the end of an array of n, all zero; NULL: no memory. */
void *sections_grow(void **array, size_t *n, size_t size);

#endif
