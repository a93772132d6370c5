#ifndef ORACLE_H
#define ORACLE_H

#include <stddef.h>

/*
 * What libhttp-parser makes of a response; 1xx before it are passed over.  It
 * is told which codes have no body (RFC 9112, 6.3), as it wants to be.
 */
struct oracle {
	int whole; /* 0: it wants more, or takes it for none */
	int code;
	int chunked, has_length; /* by its head */
	char *body;              /* the caller frees it */
	size_t len;
	size_t used;       /* bytes, up to the end or to what it stopped at */
	const char *error; /* its name for why it stopped, "HPE_..." */
	int trailing;      /* it stopped in a trailer */
	/*
	 * What it says is worth nothing: 2.9.4 takes any name that begins with
	 * "Transfer-Encoding" for this header, and a tab behind its value for a
	 * part of that.
	 */
	int mistaken;
	int in_coding; /* oracle.c only */
};

/* All that the peer says, and then the end. */
void oracle_read(struct oracle *o, const char *data, size_t len);

#endif
