#ifndef IDENTITY_H
#define IDENTITY_H

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/pk.h>
#include <mbedtls/ssl.h>
#include <mbedtls/ssl_cache.h>
#include <mbedtls/ssl_ticket.h>
#include <mbedtls/x509_crt.h>

/*
 * What a TLS server is made of, once for all its connections: it resumes by
 * session ID in TLS 1.2 and by ticket in TLS 1.3, as Puppet Server does.
 */
struct identity {
	mbedtls_ssl_config conf;
	mbedtls_x509_crt cert;
	mbedtls_pk_context key;
	mbedtls_entropy_context entropy;
	mbedtls_ctr_drbg_context rng;
	mbedtls_ssl_cache_context cache;
	mbedtls_ssl_ticket_context ticket;
};

/*
 * `cert` is PEM, `key` RSA as PKCS#1 DER.  0, or -1 with what is wrong on
 * standard error.  It lives as long as the process.
 */
int identity_open(struct identity *id, const char *cert, const char *key);

#endif
