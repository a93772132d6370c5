#ifndef CERTS_H
#define CERTS_H

#include <stdbool.h>
#include <stdint.h>

#include <mbedtls/x509_crl.h>
#include <mbedtls/x509_crt.h>

#include "pem.h"
#include "tlsconf.h"

/*
 * Certificates and CRLs from files, whole or not at all; what is wrong becomes
 * a sentence in a report.  Part of tlsconf.
 */

enum tlsconf_result certs_load(
	mbedtls_x509_crt *into, const char *path, struct tlsconf_report *r);
enum tlsconf_result certs_load_crls(
	mbedtls_x509_crl *into, const char *path, struct tlsconf_report *r);

/* pem_read() with a report. */
enum tlsconf_result certs_read_pem(struct pem *p, const char *path,
	const char *label, struct tlsconf_report *r);

/* Whether the list holds a CRL of `issuer`, a raw name. */
bool certs_has_crl(
	const mbedtls_x509_crl *crls, const mbedtls_x509_buf *issuer);

/* Notes for CRLs past their date, then for CAs of `ca` that have none. */
void certs_note_crls(const mbedtls_x509_crt *ca, const mbedtls_x509_crl *crls,
	const char *path, struct tlsconf_report *r);

/* Seconds since 1970, UTC. */
int64_t certs_time(const mbedtls_x509_time *t);

/* The first end of any in the list; 0 where it is empty. */
int64_t certs_first_end(const mbedtls_x509_crt *list);
int64_t certs_first_update(const mbedtls_x509_crl *list);

/* Writes the error and returns TLSCONF_BAD. */
enum tlsconf_result certs_bad(struct tlsconf_report *r, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* The same, in the words of mbedTLS. */
enum tlsconf_result certs_bad_rc(
	struct tlsconf_report *r, const char *path, int rc);

#endif
