#ifndef JSONIN_H
#define JSONIN_H

#include <stddef.h>

#include <jansson.h>

/*
 * Reads JSON from outside: nothing nested deeper than what honest peers write,
 * since jansson recurses, and no name twice.
 */
enum { JSONIN_DEPTH_MAX = 32 };

/* A new reference, or NULL where `text` is no such JSON. */
json_t *jsonin_load(const char *text, size_t len);

#endif
