#ifndef TLSPEER_H
#define TLSPEER_H

#include <stdbool.h>
#include <stddef.h>

#include <netinet/in.h>
#include <uv.h>

#include "pki.h"

/* A server on the test's own loop, which does one of these. */
enum tlspeer_way {
	TLSPEER_ABSENT,  /* nobody listens */
	TLSPEER_SILENT,  /* accepts, then nothing */
	TLSPEER_HANGUP,  /* accepts and closes */
	TLSPEER_GARBAGE, /* sends what is not TLS */
	TLSPEER_ANSWER,  /* sends answers, and waits for the client to close */
	TLSPEER_CLOSE,   /* after its last answer close_notify, and closes */
	TLSPEER_CUT,     /* after its last closes without close_notify */
	TLSPEER_MUTE,    /* handshake, then nothing */
};

struct tlspeer {
	enum tlspeer_way way;
	const char *answer;
	const char *second; /* answer to the next request; NULL: none */
	size_t step;        /* ciphertext is sent in pieces of so many bytes */

	struct sockaddr_storage address;
	unsigned accepted;
	unsigned n_asked; /* requests of the last connection */
	char asked[1024]; /* their text */

	uv_loop_t *loop;
	uv_tcp_t listener;
	struct pki_server tls;
	struct tlspeer_conn *conn;
};

void tlspeer_open(struct tlspeer *p, uv_loop_t *loop, enum tlspeer_way way,
	const char *answer);
/* The loop must run before it is over. */
void tlspeer_close(struct tlspeer *p);

#endif
