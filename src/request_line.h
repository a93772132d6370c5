#ifndef REQUEST_LINE_H
#define REQUEST_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The line that is said to usherd.  Zero-filled it is empty; what does not fit
 * is left out.
 */
enum { REQUEST_LINE_MAX = 2048 };

struct request_line {
	char text[REQUEST_LINE_MAX];
	size_t used;
	bool colored; /* colours were asked for */
};

/* One more word, in quotes where it needs them. */
void request_line_add(struct request_line *l, const char *word);
void request_line_add_time(
	struct request_line *l, const char *option, uint64_t ms);

/* Who calls, and what it is to be shown on; then '\n'. */
void request_line_end(struct request_line *l);

#endif
