#ifndef WORDS_H
#define WORDS_H

#include <stddef.h>

/*
 * A line of words, as it goes over the control socket.  Pure.
 */
enum { WORDS_MAX = 32 };

/*
 * Cuts a line into words in place: blanks separate, "..." holds blanks, and \
 * takes the next byte as it is.  Returns how many, or UV_EINVAL where a quote
 * has no end or there are too many.
 */
int words_split(char *line, char *words[WORDS_MAX]);

/* Appends one word, quoted, and a blank before it; returns the new length. */
size_t words_quote(char *dst, size_t used, size_t cap, const char *word);

#endif
