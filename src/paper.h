#ifndef PAPER_H
#define PAPER_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <jansson.h>

#include "buf.h"

/*
 * Writing for people and for scripts: lines that fit a terminal, ages, times.
 * A long line goes on below, indented; nothing is lost.
 */
enum { PAPER_WIDTH = 100, PAPER_TIME_MAX = 32, JSON_VERSION = 1 };

struct paper {
	FILE *out;
	struct buf text;
	int rc;         /* the first that went wrong */
	unsigned width; /* columns */
};

/* Not to be moved from then on.  `width` 0: PAPER_WIDTH.  0, or UV_ENOMEM. */
int paper_open(struct paper *p, unsigned width);
/* All of the text, which is the caller's to free; NULL without memory. */
char *paper_close(struct paper *p);

/* One line, broken at blanks where it is too long. */
void paper_line(struct paper *p, unsigned indent, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* "3d 4h", "12m", "40s": the two largest units are enough for a person. */
void paper_age(char dst[PAPER_TIME_MAX], int64_t seconds);

/* Appends; without memory *list is gone, NULL, and stays so. */
void paper_add(json_t **list, json_t *item);

/* RFC 3339; null for 0. */
json_t *paper_time(int64_t seconds);

/* What json_dumps() makes of it, and '\n'; `root` is taken over. */
char *paper_json(json_t *root, size_t flags);

#endif
