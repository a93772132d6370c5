#ifndef JSONOUT_H
#define JSONOUT_H

#include <stddef.h>

#include <jansson.h>

/*
 * What json_dumps() returns, whole or not at all: jansson 2.14 goes on where
 * there was no memory for a member's name, without the name.
 *
 * The caller frees it; NULL without memory.
 */
char *jsonout_text(const json_t *root, size_t flags);

#endif
