#ifndef TLS_H
#define TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mbedtls/ssl.h>

#include "buf.h"
#include "tlsconf.h"

/*
 * A TLS client session without I/O.
 *
 * The caller moves ciphertext: bytes from the peer go in with tls_feed(),
 * bytes for the peer gather in `out` and are the caller's to send.  After
 * every call below, one that failed too, flush `out`: it may hold a flight of
 * the handshake, or the alert that explains the failure.
 *
 * Nothing here calls back, blocks, or knows about sockets.  The struct must
 * not be moved after tls_init(): mbedTLS holds its address.  A thread may do
 * tls_handshake() while nobody touches the session; all else is the loop's.
 */
enum tls_status {
	TLS_OK,    /* done; for tls_read(), *len > 0 */
	TLS_AGAIN, /* feed more ciphertext, then call again */
	TLS_HEAVY, /* tls_handshake() goes on, and computes */
	TLS_EOF,   /* the peer sent close_notify */
	TLS_FAIL,  /* the session is unusable; see tls_fault() */
};

/* What a TLS_FAIL means for a person. */
enum tls_fault {
	TLS_FAULT_NONE,
	TLS_FAULT_PROTO,   /* handshake refused, no TLS, bad record */
	TLS_FAULT_CUT,     /* the transport ended without close_notify */
	TLS_FAULT_CERT,    /* certificate is not trusted */
	TLS_FAULT_EXPIRED, /* certificate is past its date, or not valid yet */
	TLS_FAULT_REVOKED,
	TLS_FAULT_NAME,   /* certificate is for another name */
	TLS_FAULT_CRL,    /* no valid CRL of the issuer to ask */
	TLS_FAULT_MEMORY, /* ours, not the peer's */
};

/* A finished session, kept for resumption.  Memory only, never on disk. */
struct tls_saved;

enum { TLS_NAME_MAX = 256 };

/* Names as one line of printable ASCII, cut at the end: "CN=Example CA". */
struct tls_certificate {
	char subject[TLS_NAME_MAX];
	char issuer[TLS_NAME_MAX];
	int64_t not_after_s; /* its last second, since 1970, UTC */
};

struct tls {
	struct buf out; /* ciphertext for the peer */

	/* Below: tls.c only. */
	mbedtls_ssl_context ssl;
	struct tlsconf *conf;
	struct buf in;
	size_t taken;  /* of `in`, by mbedTLS */
	size_t shaken; /* bytes fed before the handshake was over */
	bool in_eof;
	bool starved; /* mbedTLS asked for bytes and there were none */
	bool heavy;   /* the handshake has come to where it computes */
	bool done;    /* handshake is over */
	unsigned verified;
	bool has_peer;
	struct tls_certificate peer;
	int err;
	uint32_t flags;
	struct tls_saved *fresh; /* newest session that may be resumed */
};

/*
 * Takes a reference on `conf`.  `host` is required: it is the SNI name and the
 * name that the certificate must bear.  `resume` may be NULL; it is only read,
 * and must come from a session of the same conf and host.
 * Returns 0 or an mbedTLS code; on error there is nothing to free.
 */
int tls_init(struct tls *t, struct tlsconf *conf, const char *host,
	const struct tls_saved *resume);
void tls_free(struct tls *t);

/*
 * 0; UV_ENOBUFS: more than a handshake takes in all, or than is kept until it
 * is read; or UV_ENOMEM.
 */
int tls_feed(struct tls *t, const void *data, size_t len);
/* The transport ended: no more will be fed. */
void tls_feed_eof(struct tls *t);

/*
 * The handshake, as far as it goes with what was fed.  A full one computes, for
 * tens of ms in one call or what the server's keys cost.
 * tls_handshake_light() does not (a key of x25519 is light), and says TLS_HEAVY
 * where the rest is for tls_handshake().
 */
enum tls_status tls_handshake_light(struct tls *t);
enum tls_status tls_handshake(struct tls *t);

enum tls_status tls_read(struct tls *t, void *dst, size_t cap, size_t *len);
enum tls_status tls_write(struct tls *t, const void *src, size_t len);
/* Puts close_notify into `out`. */
void tls_close(struct tls *t);

/* After the handshake: no certificate was looked at, the old session went on */
bool tls_resumed(const struct tls *t);
/*
 * The peer's own certificate, also where it is why the handshake failed; false
 * with *c untouched where none was looked at.
 */
bool tls_certificate(const struct tls *t, struct tls_certificate *c);
/* "TLSv1.2" */
const char *tls_version(const struct tls *t);

/* After TLS_FAIL. */
enum tls_fault tls_fault(const struct tls *t);
/* After TLS_FAIL: the library's own words, for a log.  Writes at most cap. */
void tls_explain(const struct tls *t, char *dst, size_t cap);

/*
 * Hands over the newest session for resumption, or NULL: with TLS 1.2 there
 * once the handshake is over, with 1.3 once the peer has sent a ticket, which
 * comes with the first data.  The caller frees it.
 */
struct tls_saved *tls_take_saved(struct tls *t);
void tls_saved_free(struct tls_saved *s); /* NULL is fine */

#endif
