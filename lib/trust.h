#ifndef TRUST_H
#define TRUST_H

#include <stdint.h>

#include <uv.h>

#include "tlsconf.h"

/*
 * Which tlsconf is in force for one set of files.
 *
 * The files are looked at in libuv's thread pool, every `look_ms`.  The first
 * look loads them at once.  Later, files that changed are loaded when two
 * looks in a row saw them the same, since somebody may still be writing; what
 * can't be loaded leaves the old set in force and is tried again each look.
 */
struct trust;

enum trust_event {
	TRUST_LOADED,  /* a new set is in force; drop the sessions of the old */
	TRUST_KEPT,    /* the files can't be used now; the old set stays */
	TRUST_WAITING, /* the files can't be used, and there is no set yet */
};

/*
 * From the loop, never from inside a function below.  KEPT and WAITING come
 * once for the same files and error, and again after anything else.  `report`
 * is valid during the call only: its error with KEPT and WAITING, its notes
 * with LOADED.  The callback may call trust_look() and trust_close().
 */
typedef void (*trust_cb)(struct trust *t, enum trust_event ev,
	const struct tlsconf_report *report, void *arg);

enum { TRUST_LOOK_MS = 1000 };

struct trust_options {
	struct tlsconf_files files; /* copied */
	uint64_t look_ms;           /* 0: TRUST_LOOK_MS */
	trust_cb cb;
	void *arg;
};

/* 0, or UV_ENOMEM with *out untouched and cb never called. */
int trust_open(
	struct trust **out, uv_loop_t *loop, const struct trust_options *o);

/*
 * No callback after this.  What is in force is released; sessions go on with
 * their own references.  `t` frees itself once libuv has let go of it.
 */
void trust_close(struct trust *t);

/* What is in force, or NULL; borrowed until the next LOADED or the close. */
struct tlsconf *trust_conf(const struct trust *t);

/*
 * Looks now, or when the look under way has ended.  It counts as one look:
 * changed files are in force one `look_ms` later.
 */
void trust_look(struct trust *t);

#endif
