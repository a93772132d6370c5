#ifndef PAPER_H
#define PAPER_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <jansson.h>

/*
 * Writing for people and for scripts: lines that fit a terminal, ages, times.
 * A long line goes on below, indented; nothing is lost.
 */
enum { PAPER_WIDTH = 100, PAPER_TIME_MAX = 32, JSON_VERSION = 1 };

struct paper {
	FILE *out;
	char *text;
	size_t size;
	unsigned width; /* columns */
};

/* `width` 0: PAPER_WIDTH.  0, or UV_ENOMEM. */
int paper_open(struct paper *p, unsigned width);
/* The text, which is the caller's to free; NULL without memory. */
char *paper_close(struct paper *p);

/* One line, broken at blanks where it is too long. */
void paper_line(struct paper *p, unsigned indent, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* "3d 4h", "12m", "40s": the two largest units are enough for a person. */
void paper_age(char dst[PAPER_TIME_MAX], int64_t seconds);

/* RFC 3339; null for 0. */
json_t *paper_time(int64_t seconds);

/* What json_dumps() makes of it, and '\n'; `root` is taken over. */
char *paper_json(json_t *root, size_t flags);

#endif
