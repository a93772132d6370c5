#include "certs.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <mbedtls/error.h>

/* --- what a load has to say --- */

static void note(struct tlsconf_report *r, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

enum tlsconf_result certs_bad(struct tlsconf_report *r, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(r->error, sizeof(r->error), fmt, ap);
	va_end(ap);
	return TLSCONF_BAD;
}

static void note(struct tlsconf_report *r, const char *fmt, ...)
{
	va_list ap;

	if (r->n_notes == TLSCONF_NOTES_MAX)
		return;
	va_start(ap, fmt);
	vsnprintf(r->notes[r->n_notes++], sizeof(r->notes[0]), fmt, ap);
	va_end(ap);
}

enum tlsconf_result certs_bad_rc(
	struct tlsconf_report *r, const char *path, int rc)
{
	char words[128];

	mbedtls_strerror(rc, words, sizeof(words));
	return certs_bad(r, "%s: %s", path, words);
}

/* --- the files --- */

enum tlsconf_result certs_read_pem(struct pem *p, const char *path,
	const char *label, struct tlsconf_report *r)
{
	switch (pem_read(p, path, label, r->error, sizeof(r->error))) {
	case PEM_OK:
		return TLSCONF_OK;
	case PEM_ABSENT:
		return TLSCONF_ABSENT;
	case PEM_BAD:
		break;
	}
	return TLSCONF_BAD;
}

/* mbedTLS does not tell that it stopped before the last block. */
static enum tlsconf_result check(int rc, size_t parsed, const struct pem *p,
	const char *path, struct tlsconf_report *r)
{
	if (rc < 0)
		return certs_bad_rc(r, path, rc);
	if (rc > 0 || parsed != p->blocks)
		return certs_bad(r,
			"%s: only %zu of %zu PEM blocks can be parsed", path,
			parsed, p->blocks);
	return TLSCONF_OK;
}

enum tlsconf_result certs_load(
	mbedtls_x509_crt *into, const char *path, struct tlsconf_report *r)
{
	enum tlsconf_result res;
	size_t parsed = 0;
	struct pem p;
	int rc;

	res = certs_read_pem(&p, path, "CERTIFICATE", r);
	if (res != TLSCONF_OK)
		return res;
	rc = mbedtls_x509_crt_parse(into, (unsigned char *)p.text, p.len + 1);
	for (const mbedtls_x509_crt *c = into; c != NULL; c = c->next)
		parsed += c->version != 0;
	res = check(rc, parsed, &p, path, r);
	pem_free(&p);
	return res;
}

enum tlsconf_result certs_load_crls(
	mbedtls_x509_crl *into, const char *path, struct tlsconf_report *r)
{
	enum tlsconf_result res;
	size_t parsed = 0;
	struct pem p;
	int rc;

	res = certs_read_pem(&p, path, "X509 CRL", r);
	if (res != TLSCONF_OK)
		return res;
	rc = mbedtls_x509_crl_parse(into, (unsigned char *)p.text, p.len + 1);
	for (const mbedtls_x509_crl *c = into; c != NULL; c = c->next)
		parsed += c->version != 0;
	res = check(rc, parsed, &p, path, r);
	pem_free(&p);
	return res;
}

/* --- dates --- */

int64_t certs_time(const mbedtls_x509_time *t)
{
	struct tm tm = { .tm_year = t->year - 1900,
		.tm_mon = t->mon - 1,
		.tm_mday = t->day,
		.tm_hour = t->hour,
		.tm_min = t->min,
		.tm_sec = t->sec };

	return timegm(&tm);
}

static int64_t earlier(int64_t first_s, const mbedtls_x509_time *t)
{
	int64_t s = certs_time(t);

	return first_s == 0 || s < first_s ? s : first_s;
}

int64_t certs_first_end(const mbedtls_x509_crt *list)
{
	int64_t first_s = 0;

	for (; list != NULL; list = list->next)
		if (list->version != 0)
			first_s = earlier(first_s, &list->valid_to);
	return first_s;
}

/* A CRL need not say when the next comes. */
int64_t certs_first_update(const mbedtls_x509_crl *list)
{
	int64_t first_s = 0;

	for (; list != NULL; list = list->next)
		if (list->version != 0 && list->next_update.year != 0)
			first_s = earlier(first_s, &list->next_update);
	return first_s;
}

/* --- revocation --- */

static bool same(const mbedtls_x509_buf *a, const mbedtls_x509_buf *b)
{
	return a->len == b->len && memcmp(a->p, b->p, a->len) == 0;
}

bool certs_has_crl(const mbedtls_x509_crl *crls, const mbedtls_x509_buf *issuer)
{
	for (; crls != NULL; crls = crls->next) {
		if (crls->version != 0 && same(&crls->issuer_raw, issuer))
			return true;
	}
	return false;
}

static void show_name(char *dst, size_t cap, const mbedtls_x509_name *name)
{
	if (mbedtls_x509_dn_gets(dst, cap, name) < 0)
		snprintf(dst, cap, "(a long name)");
}

/* Those first that ran out: there are few places, and they matter most. */
void certs_note_crls(const mbedtls_x509_crt *ca, const mbedtls_x509_crl *crls,
	const char *path, struct tlsconf_report *r)
{
	char name[160];

	for (const mbedtls_x509_crl *l = crls; l != NULL; l = l->next) {
		const mbedtls_x509_time *end = &l->next_update;

		if (!mbedtls_x509_time_is_past(end))
			continue;
		show_name(name, sizeof(name), &l->issuer);
		note(r,
			"%s: the CRL of \"%s\" EXPIRED on %04d-%02d-%02d: "
			"what this CA issued is refused",
			path, name, end->year, end->mon, end->day);
	}
	for (; ca != NULL; ca = ca->next) {
		if (certs_has_crl(crls, &ca->subject_raw))
			continue;
		show_name(name, sizeof(name), &ca->subject);
		note(r,
			"%s: no CRL of \"%s\": "
			"servers with a certificate of it are refused",
			path, name);
	}
}
