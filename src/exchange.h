#ifndef EXCHANGE_H
#define EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>

#include "http.h"

/*
 * The HTTP side of a probe: one or two requests on one connection, the second
 * sent once the answer to the first has come whole.  No I/O, no time.
 */
enum { EXCHANGE_MAX = 2 };

enum exchange_status {
	EXCHANGE_MORE, /* feed more */
	EXCHANGE_ASK,  /* send the second request, then feed more */
	EXCHANGE_DONE, /* no further answer will come; perhaps see `error` */
	EXCHANGE_BAD,  /* no answer of this protocol; `error` says why */
};

struct exchange {
	struct http_response answers[EXCHANGE_MAX];
	size_t n_whole;    /* so many of them have come whole */
	const char *error; /* a clause: why one more has not, or NULL */

	/* Below: exchange.c only. */
	size_t n_wanted;
};

/* `body_max[i]`: the largest body of answer i that is taken, in bytes. */
void exchange_init(
	struct exchange *x, const size_t body_max[EXCHANGE_MAX], size_t n);
void exchange_free(struct exchange *x);

/*
 * Bytes from the peer.  What it says after its last answer is nobody's to
 * read; after its first, and unasked, it is why the second request is not sent.
 */
enum exchange_status exchange_feed(
	struct exchange *x, const char *bytes, size_t len);
/* The peer has said that it is done. */
enum exchange_status exchange_end(struct exchange *x);

/* After EXCHANGE_BAD: the fault is not the peer's. */
bool exchange_out_of_memory(const struct exchange *x);
/* Likewise: the answer is longer than its cap. */
bool exchange_over_limit(const struct exchange *x);

#endif
