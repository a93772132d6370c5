#ifndef RESOLVE_H
#define RESOLVE_H

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>

#include <uv.h>

/*
 * Host names become addresses in threads, RESOLVE_AT_ONCE at once, in the order
 * in which they were asked for.  Those that hang make way for others:
 *
 * - A look-up that has taken RESOLVE_SLOW_MS gives its place to another.
 * - A name whose last one took so long is slow, until one is quicker.  Slow
 *   names have places of their own, RESOLVE_AT_ONCE too.
 * - There are never more than RESOLVE_MAX threads, which is reached when so
 *   many names hang for the first time.  Each that hangs costs some 15 KB and a
 *   descriptor.  All others wait then, until one ends.
 *
 * A look-up can't be taken back: it has its thread to the end, also when its
 * name is closed.
 *
 * A resolve_name keeps its last addresses: while look-ups fail, hang or wait,
 * they stay.
 */
enum {
	RESOLVE_ADDRS_MAX = 8,
	RESOLVE_AT_ONCE = 32,
	RESOLVE_SLOW_MS = 2000,
	RESOLVE_MAX = 256,
};

struct resolver; /* one per loop; shared by all names */
struct resolve_name;

struct resolve_addrs {
	/* Each a sockaddr_in or this; sockaddr_storage is four times as long */
	struct sockaddr_in6 sa[RESOLVE_ADDRS_MAX];
	size_t n; /* 0: never resolved */
};

/*
 * A look-up that was asked for has ended: 0, or the UV_E* code with the old
 * addresses still in place.  Not called from inside resolve_ask().
 */
typedef void (*resolve_cb)(void *arg, int status);

/* 0, or UV_ENOMEM. */
int resolver_open(struct resolver **out, uv_loop_t *loop);
/*
 * When no name is open any more.  Frees itself after the last look-up, for
 * which the loop doesn't wait.
 */
void resolver_close(struct resolver *r);

/*
 * `host` may be a literal address: it is resolved at once, and resolve_ask()
 * never has anything to do.  0, or UV_ENOMEM.
 */
int resolve_open(struct resolve_name **out, struct resolver *r,
	const char *host, unsigned port, resolve_cb cb, void *arg);
/* No callback after this. */
void resolve_close(struct resolve_name *n);

const struct resolve_addrs *resolve_addrs(const struct resolve_name *n);

/* How long its last look-up took; 0 before it has ended. */
uint64_t resolve_took_ms(const struct resolve_name *n);

/*
 * Looks the name up again, unless a look-up is under way.  One that can't even
 * be started for lack of memory ends without a callback: the owner needs a
 * timer of its own.
 */
void resolve_ask(struct resolve_name *n);

/* 1 while a look-up waits or is under way, else 0. */
int resolve_pending(const struct resolve_name *n);

#endif
