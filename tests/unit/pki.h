#ifndef PKI_H
#define PKI_H

#include <stdbool.h>
#include <stddef.h>

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/pk.h>
#include <mbedtls/ssl.h>
#include <mbedtls/ssl_cache.h>
#include <mbedtls/ssl_ticket.h>
#include <mbedtls/x509_crt.h>

#include "buf.h"
#include "tls.h"
#include "tlsconf.h"

/*
 * The PKI of tests/fixtures/pki, and a TLS server over memory that uses it.
 * Its script `make` tells what each file is.
 */
#define PKI(name) ("tests/fixtures/pki/" name)

/* Loads or fails the test. */
struct tlsconf *pki_conf(const struct tlsconf_files *files);
/* CA and CRLs as they should be, no client certificate. */
struct tlsconf *pki_good_conf(void);

/* Resumes by session ID in TLS 1.2, by ticket in TLS 1.3. */
struct pki_server {
	mbedtls_ssl_config conf;
	mbedtls_x509_crt cert;
	mbedtls_x509_crt ca;
	mbedtls_pk_context key;
	mbedtls_entropy_context entropy;
	mbedtls_ctr_drbg_context rng;
	mbedtls_ssl_cache_context cache;
	mbedtls_ssl_ticket_context ticket;
};

/* `cert` is a path; the key is server.key.  It sends the leaf only. */
void pki_server_open(struct pki_server *s, const char *cert);
void pki_server_close(struct pki_server *s);
/* From now on only clients with a certificate of ca.pem. */
void pki_server_want_client_cert(struct pki_server *s);
/* No x25519: in TLS 1.3 the server asks for a second hello then. */
void pki_server_want_nist_groups(struct pki_server *s);

/* A client of ours and a session of that server, with bytes between them. */
struct pki_link {
	struct tls client;
	mbedtls_ssl_context server;
	struct buf to_server;
	struct buf to_client;
	size_t step; /* at most so many bytes are carried at once */
	bool heavy;  /* the client's handshake has computed */
	bool server_done;
	int server_rc; /* what the last call for it returned */
};

void pki_link_open(struct pki_link *l, struct pki_server *s,
	struct tlsconf *conf, const char *host, const struct tls_saved *resume,
	size_t step);
void pki_link_close(struct pki_link *l);

/* Carries one step each way; whether there was anything. */
bool pki_carry(struct pki_link *l);
/* The client's, as far as it goes; light first, as usherd does it. */
enum tls_status pki_client_handshake(struct pki_link *l);
/* Until the client's handshake ends, or nothing moves any more. */
enum tls_status pki_handshake(struct pki_link *l);
/* The server writes all of it. */
void pki_server_send(struct pki_link *l, const void *data, size_t len);
/* Until `want` bytes came, or anything but TLS_OK and TLS_AGAIN. */
enum tls_status pki_client_read(
	struct pki_link *l, void *dst, size_t want, size_t *len);

#endif
