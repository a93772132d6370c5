#ifndef ORACLE_H
#define ORACLE_H

#include <stddef.h>

/* What libhttp-parser makes of a response; 1xx before it are passed over. */
struct oracle {
	int whole; /* 0: it wants more, or takes it for none */
	int code;
	char *body; /* the caller frees it */
	size_t len;
};

/* All that the peer says, and then the end. */
void oracle_read(struct oracle *o, const char *data, size_t len);

#endif
