#ifndef HTML_H
#define HTML_H

#include <stdio.h>

/*
 * Text into HTML and SVG: whatever it holds, it stays text, also between the
 * quotes of an attribute.
 */
void html_text(FILE *out, const char *text);

/*
 * Like fprintf(), and what comes of it is escaped; it is cut where it is longer
 * than any that a page needs.
 */
enum { HTML_FORMAT_MAX = 4096 };

void html_format(FILE *out, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#endif
