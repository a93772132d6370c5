#ifndef FAILING_ALLOC_H
#define FAILING_ALLOC_H

/*
 * Memory that can't be had.  A program that links this has a malloc() and its
 * like of its own, for all of its libraries and threads, which fail as they are
 * told and count the blocks that are not given back.
 *
 * Not under valgrind, which puts its own allocator in this place.
 */

/* libmbedcrypto's are apart: a handshake makes ten thousands. */
enum failing_whose { FAILING_ALL, FAILING_OTHERS, FAILING_CRYPTO };

/*
 * Counts from here on; the from-th of these fails, and as many as make it
 * `so_many` (0: none).
 */
void failing_arm(
	enum failing_whose whose, unsigned long from, unsigned long so_many);
void failing_disarm(void);

/* Since failing_arm(): how many there were, and how many have failed. */
unsigned long failing_counted(enum failing_whose whose);
unsigned long failing_so_far(void);

/* Blocks in use, since the program has begun. */
long failing_live(void);

#endif
