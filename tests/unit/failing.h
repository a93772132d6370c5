#ifndef FAILING_H
#define FAILING_H

#include <stddef.h>

#include "failing_alloc.h"

/*
 * A scene in which each allocation fails in turn (failing_alloc.h).  Under
 * valgrind no scene makes one, and that fails the test.
 */

/* Part of a scene: only between these two do allocations count and fail. */
void failing_begin(void);
void failing_end(void);

/*
 * Plays the scene once, to count those allocations; then, for each step-th of
 * them, with that one failing, with it and the next 19, and with it and all
 * after it.  Afterwards as many blocks must be in use as before; the rest is
 * for the scene to assert.  Prints how many there were.
 */
void failing_sweep(const char *name, void (*scene)(void *arg), void *arg,
	enum failing_whose whose, size_t step);

/*
 * The same with each of them alone, where these are too many for one: `share`
 * is "2/8" for the second of eight.
 */
void failing_share(const char *name, void (*scene)(void *arg), void *arg,
	enum failing_whose whose, const char *share);

#endif
