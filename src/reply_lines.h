#ifndef REPLY_LINES_H
#define REPLY_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The lines of what usherd answers, as they come; and whether it has said all,
 * for what ends in the middle must not pass for an answer.  Who answers may be
 * anybody, so what a terminal would obey becomes '?'.
 */
enum { REPLY_LINES_MAX = 2048 };

/* Whether usherd was asked for colours; if so, its own stay in the lines. */
enum reply_colors { REPLY_PLAIN, REPLY_COLORED };

struct reply_lines {
	int fd; /* owned; -1: closed */
	enum reply_colors colors;
	int error; /* why there is no next line; 0: usherd has closed */
	char line[REPLY_LINES_MAX];
	char bytes[4096]; /* that have come, but for taken[0..n) */
	size_t taken, n;
	char last;      /* byte */
	unsigned depth; /* of JSON's brackets */
	size_t values;  /* of JSON, whole */
	bool quoted, escaped;
};

/* Takes over the descriptor, which is blocking. */
void reply_lines_open(struct reply_lines *l, int fd, enum reply_colors colors);

/* EAGAIN is the error when nothing has come for so long; 0: never. */
void reply_lines_set_patience(struct reply_lines *l, uint64_t ms);

/*
 * The next line with its '\n', until the next call; a longer one comes in
 * pieces.  NULL, with `error` set, where no whole line comes.
 */
char *reply_lines_next(struct reply_lines *l);

/* After NULL: usherd has closed, at the end of a line. */
bool reply_lines_whole(const struct reply_lines *l);

/* The same, and what has come is JSON, with all its ends. */
bool reply_lines_whole_json(const struct reply_lines *l);

/* Harmless when it is closed. */
void reply_lines_close(struct reply_lines *l);

#endif
