#ifndef TLSCONF_H
#define TLSCONF_H

#include <stddef.h>
#include <stdint.h>

#include <mbedtls/ssl.h>

/*
 * CA, CRL, certificate and key files made into one client configuration, which
 * never changes afterwards: what is new on disk becomes a new tlsconf.  It is
 * counted: every TLS session holds a reference.
 *
 * All differences between mbedTLS 2.28 and 3.6 live in tlsconf.c, behind the
 * functions at the end of this header.
 *
 * What a session checks: TLS 1.2 or newer; the chain up to a certificate of
 * the CA file; the host's name; and, with a CRL file, that the server's
 * certificate is not revoked by a current CRL of the CA that issued it.
 * mbedTLS passes silently where that CRL is missing; tlsconf does not.
 */
struct tlsconf;

/* Paths; borrowed for the call.  NULL where there is none. */
struct tlsconf_files {
	const char *ca;  /* PEM, one or more certificates; required */
	const char *crl; /* PEM, one or more CRLs; NULL: revocation is off */
	const char
		*cert; /* the client's certificate, with `key` or not at all */
	const char *key; /* PKCS#1, PKCS#8 or SEC1, not encrypted */
};

enum tlsconf_result {
	TLSCONF_OK,
	TLSCONF_ABSENT, /* a file is not there (yet) */
	TLSCONF_BAD,    /* a file can't be read, or not wholly parsed */
};

enum { TLSCONF_NOTES_MAX = 4 };

/* One sentence each, for the log. */
struct tlsconf_report {
	char error[320];                    /* "" with TLSCONF_OK */
	char notes[TLSCONF_NOTES_MAX][320]; /* in use, but look at this */
	size_t n_notes;
};

/*
 * Reads the files; blocks on the disk, so call it off the loop.  On anything
 * but TLSCONF_OK *out is untouched.  A file that ends in the middle of a PEM
 * block is TLSCONF_BAD: somebody may be writing it.
 */
enum tlsconf_result tlsconf_load(struct tlsconf **out,
	const struct tlsconf_files *files, struct tlsconf_report *report);

/*
 * When the files run out: the first end of each kind, in seconds since 1970; 0
 * where there is none.
 */
struct tlsconf_dates {
	int64_t ca_s, crl_s, own_s;
};
void tlsconf_dates(const struct tlsconf *c, struct tlsconf_dates *d);

struct tlsconf *tlsconf_ref(struct tlsconf *c);
void tlsconf_unref(struct tlsconf *c); /* NULL is fine */

/* For tls.c: borrowed, valid as long as the reference is. */
const mbedtls_ssl_config *tlsconf_ssl(const struct tlsconf *c);

/*
 * Added to the flags of certificate verification where no CRL of the issuer
 * was there to ask; outside the bits that mbedTLS uses.
 */
#define TLSCONF_NO_CRL 0x40000000u

/*
 * The verify callback of a session (mbedtls_ssl_set_verify): adds
 * TLSCONF_NO_CRL at depth 0.  `conf` is the session's tlsconf.
 */
int tlsconf_verify(
	void *conf, mbedtls_x509_crt *crt, int depth, uint32_t *flags);

/* Once per process, before the first load. 0 or an mbedTLS code. */
int tlsconf_global_init(void);
void tlsconf_global_free(void);

/*
 * Frees the peer's certificate in a session that is kept: resuming needs none,
 * and it is nine tenths of the session.
 */
void tlsconf_forget_peer(mbedtls_ssl_session *s);

/* What a handshake does next. */
enum tlsconf_next {
	TLSCONF_NEXT_LIGHT,
	TLSCONF_NEXT_COSTLY, /* signatures, or a group of the server's choice */
	TLSCONF_NEXT_NOTHING,
};
enum tlsconf_next tlsconf_next(const mbedtls_ssl_context *ssl);

/* "a TLS 1.3 session ticket came": neither data nor error; call again. */
int tlsconf_is_ticket(int rc);

#endif
