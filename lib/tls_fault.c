/* What a failure means for a person. */
#include "tls.h"

#include <string.h>

#include <mbedtls/error.h>
#include <mbedtls/x509_crt.h>

#include "text.h"

#define FLAGS_CRL \
	(TLSCONF_NO_CRL | MBEDTLS_X509_BADCRL_NOT_TRUSTED | \
		MBEDTLS_X509_BADCRL_EXPIRED | MBEDTLS_X509_BADCRL_FUTURE | \
		MBEDTLS_X509_BADCRL_BAD_MD | MBEDTLS_X509_BADCRL_BAD_PK | \
		MBEDTLS_X509_BADCRL_BAD_KEY)
#define FLAGS_DATE (MBEDTLS_X509_BADCERT_EXPIRED | MBEDTLS_X509_BADCERT_FUTURE)

/*
 * Several flags may be set; the order is that of trust.  What an unknown CA
 * signed proves nothing, its dates and its name neither.  Revoked is somebody's
 * decision and outweighs what time has done.  A CRL that is missing or too old
 * leaves the question open.  A wrong name comes last, so NAME says: all else is
 * right, this is a good server, only not the one that was meant.
 */
static enum tls_fault fault_of_flags(uint32_t flags)
{
	if (flags &
		~(FLAGS_CRL | FLAGS_DATE | MBEDTLS_X509_BADCERT_REVOKED |
			MBEDTLS_X509_BADCERT_CN_MISMATCH))
		return TLS_FAULT_CERT;
	if (flags & MBEDTLS_X509_BADCERT_REVOKED)
		return TLS_FAULT_REVOKED;
	if (flags & FLAGS_DATE)
		return TLS_FAULT_EXPIRED;
	if (flags & FLAGS_CRL)
		return TLS_FAULT_CRL;
	return TLS_FAULT_NAME;
}

/* A code is a high one, a low one, or their sum. */
static bool is_no_memory(int err)
{
	int high = -(-err & 0xff80), low = -(-err & 0x7f);

	return high == MBEDTLS_ERR_SSL_ALLOC_FAILED ||
		high == MBEDTLS_ERR_X509_ALLOC_FAILED ||
		high == MBEDTLS_ERR_PK_ALLOC_FAILED ||
		high == MBEDTLS_ERR_MD_ALLOC_FAILED ||
		low == MBEDTLS_ERR_MPI_ALLOC_FAILED;
}

enum tls_fault tls_fault(const struct tls *t)
{
	if (t->err == 0)
		return TLS_FAULT_NONE;
	if (t->flags != 0)
		return fault_of_flags(t->flags);
	if (t->err == MBEDTLS_ERR_SSL_CONN_EOF)
		return TLS_FAULT_CUT;
	if (is_no_memory(t->err))
		return TLS_FAULT_MEMORY;
	return TLS_FAULT_PROTO;
}

/* mbedTLS writes a line for each flag, here after a blank; we join them. */
static void explain_flags(uint32_t flags, char *dst, size_t cap)
{
	char lines[1024] = " ";
	const char *own =
		flags & TLSCONF_NO_CRL ? " No CRL of the issuer\n" : "";
	size_t n;

	mbedtls_x509_crt_verify_info(
		lines, sizeof(lines), " ", flags & ~TLSCONF_NO_CRL);
	n = text_format(dst, cap, "%s%s", own + (own[0] != '\0'),
		lines + (own[0] == '\0'));
	if (n > 0 && dst[n - 1] == '\n')
		dst[n - 1] = '\0';
	for (char *nl = dst; (nl = strchr(nl, '\n')) != NULL;)
		*nl = ';';
}

void tls_explain(const struct tls *t, char *dst, size_t cap)
{
	if (cap == 0)
		return;
	dst[0] = '\0';
	if (t->err == 0)
		return;
	if (t->flags != 0)
		explain_flags(t->flags, dst, cap);
	else
		mbedtls_strerror(t->err, dst, cap);
}
