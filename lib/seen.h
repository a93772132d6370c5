#ifndef SEEN_H
#define SEEN_H

#include <stddef.h>
#include <stdint.h>

/*
 * Says a thing once: a bounded memory of what has been said already, for logs
 * about peers who could otherwise fill the disk.
 */
enum { SEEN_MAX = 256 };

/* All zero at first. */
struct seen {
	uint64_t keys[SEEN_MAX];
	size_t n;
};

enum seen_answer {
	SEEN_FIRST, /* not seen before: say it */
	SEEN_FULL,  /* the same, and it is the last that will be said */
	SEEN_KNOWN,
};

enum seen_answer seen_look(struct seen *s, const void *key, size_t len);

#endif
