#ifndef STORE_H
#define STORE_H

#include <stddef.h>

#include <uv.h>

#include "standing.h"
#include "statefile.h"

/*
 * Orders and pollers on disk: read once at the start, and written whole, off
 * the loop, each time that they change.  One write at a time.
 */
struct store;

typedef void (*store_cb)(void *arg, int status);

/*
 * Reads DIR/state.json; DIR is made (0700) when only it is missing.  What
 * can't be parsed is moved to state.json.bad and said loudly; that, or a
 * folder that can't be used, never stops the start.  0, or UV_ENOMEM.
 */
int store_open(struct store **out, uv_loop_t *loop, const char *dir);
/* No callback after this. */
void store_close(struct store *s);

/*
 * Gives a server what it had when it was heard of last: at the start, or since
 * then by store_remember().
 */
void store_restore(
	const struct store *s, const char *name, struct standing *fresh);

/*
 * A server that leaves the configuration may come back; `pollers` NULL leaves
 * these as they were.  0, or UV_ENOMEM: then all is as it was.
 */
int store_remember(struct store *s, const struct statefile_server *server);

/* It is in use from now on: store_write() will be told what it has. */
void store_forget(struct store *s, const char *name);

/* What is wrong with the file, for status; "" where nothing is. */
const char *store_problem(const struct store *s);

enum store_state { STORE_IDLE, STORE_WRITING };
enum store_state store_state(const struct store *s);

/*
 * Writes what `servers` have, which are in use, and what is remembered of
 * others.  Only when idle.
 *
 * cb: 0, or a UV_E* code: then nobody knows which of the two is on disk, and
 * the owner must write again.  0, or UV_ENOMEM and no cb.
 */
int store_write(struct store *s, const struct statefile_server *servers,
	size_t n, store_cb cb, void *arg);

/* The same before store_close(): at once, or after the write under way. */
void store_write_last(
	struct store *s, const struct statefile_server *servers, size_t n);

#endif
