#include "tlsconf.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/pk.h>
#include <mbedtls/platform.h>
#include <mbedtls/version.h>
#include <mbedtls/x509_crl.h>
#include <mbedtls/x509_crt.h>

#include "certs.h"

#if !defined(MBEDTLS_THREADING_C)
#error "usher needs an mbedTLS that was built with MBEDTLS_THREADING_C"
#elif MBEDTLS_VERSION_NUMBER >= 0x03000000 && \
	MBEDTLS_VERSION_NUMBER < 0x03060000
#error "usher needs mbedTLS 2.28, or from 3.6, where PSA's keys have locks"
#endif

/*
 * One handshake in a thread (turns.h) and records in the loop share it: the
 * loop uses random numbers, which mbedTLS locks (so does PSA its keys), and the
 * count; the keys are the handshake's.
 */
struct tlsconf {
	unsigned refs;
	bool has_crl;
	mbedtls_ssl_config ssl;
	mbedtls_x509_crt ca;
	mbedtls_x509_crl crl;
	mbedtls_x509_crt cert;
	mbedtls_pk_context key;
	mbedtls_entropy_context entropy;
	mbedtls_ctr_drbg_context rng;
};

/* --- what differs between mbedTLS 2.28 and 3.6 --- */

#if MBEDTLS_VERSION_NUMBER >= 0x03000000

#include <psa/crypto.h>

static int psa_start(void)
{
	return psa_crypto_init() == PSA_SUCCESS
		? 0
		: MBEDTLS_ERR_SSL_INTERNAL_ERROR;
}

void tlsconf_global_free(void)
{
	mbedtls_psa_crypto_free();
}

static int parse_key(struct tlsconf *c, const unsigned char *pem, size_t size)
{
	return mbedtls_pk_parse_key(
		&c->key, pem, size, NULL, 0, mbedtls_ctr_drbg_random, &c->rng);
}

static int check_pair(struct tlsconf *c)
{
	return mbedtls_pk_check_pair(
		&c->cert.pk, &c->key, mbedtls_ctr_drbg_random, &c->rng);
}

/*
 * By itself it prefers RSA-PSS, which 3.6.6 takes for an error in TLS 1.2
 * (mended upstream behind it): Java and whoever else heeds our order must
 * have no reason to choose that there.
 */
static const uint16_t signatures[] = {
	MBEDTLS_TLS1_3_SIG_ECDSA_SECP256R1_SHA256,
	MBEDTLS_TLS1_3_SIG_ECDSA_SECP384R1_SHA384,
	MBEDTLS_TLS1_3_SIG_ECDSA_SECP521R1_SHA512,
	MBEDTLS_TLS1_3_SIG_RSA_PKCS1_SHA512,
	MBEDTLS_TLS1_3_SIG_RSA_PKCS1_SHA384,
	MBEDTLS_TLS1_3_SIG_RSA_PKCS1_SHA256,
	MBEDTLS_TLS1_3_SIG_RSA_PSS_RSAE_SHA512,
	MBEDTLS_TLS1_3_SIG_RSA_PSS_RSAE_SHA384,
	MBEDTLS_TLS1_3_SIG_RSA_PSS_RSAE_SHA256,
	MBEDTLS_TLS1_3_SIG_NONE,
};

static void set_versions(mbedtls_ssl_config *ssl)
{
	mbedtls_ssl_conf_min_tls_version(ssl, MBEDTLS_SSL_VERSION_TLS1_2);
	mbedtls_ssl_conf_sig_algs(ssl, signatures);
#if MBEDTLS_VERSION_NUMBER >= 0x03060100 && defined(MBEDTLS_SSL_PROTO_TLS1_3)
	/* Without it, tickets are thrown away and 1.3 never resumes. */
	mbedtls_ssl_conf_tls13_enable_signal_new_session_tickets(
		ssl, MBEDTLS_SSL_TLS1_3_SIGNAL_NEW_SESSION_TICKETS_ENABLED);
#endif
}

static mbedtls_x509_crt **peer_of(mbedtls_ssl_session *s)
{
	return &s->MBEDTLS_PRIVATE(peer_cert);
}

static int state_of(const mbedtls_ssl_context *ssl)
{
	return ssl->MBEDTLS_PRIVATE(state);
}

/* The second hello bears a key of the group that the server has chosen. */
static bool is_costly(int state)
{
	return state == MBEDTLS_SSL_SERVER_CERTIFICATE ||
		state == MBEDTLS_SSL_CLIENT_CCS_BEFORE_2ND_CLIENT_HELLO;
}

int tlsconf_is_ticket(int rc)
{
	return rc == MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET;
}

#else

static int psa_start(void)
{
	return 0;
}

void tlsconf_global_free(void)
{
}

static int parse_key(struct tlsconf *c, const unsigned char *pem, size_t size)
{
	return mbedtls_pk_parse_key(&c->key, pem, size, NULL, 0);
}

static int check_pair(struct tlsconf *c)
{
	return mbedtls_pk_check_pair(&c->cert.pk, &c->key);
}

/*
 * By itself it prefers the largest, which costs three times what the first of
 * these does.  The order is that of 3.6.
 */
static const mbedtls_ecp_group_id curves[] = {
	MBEDTLS_ECP_DP_CURVE25519,
	MBEDTLS_ECP_DP_SECP256R1,
	MBEDTLS_ECP_DP_SECP384R1,
	MBEDTLS_ECP_DP_CURVE448,
	MBEDTLS_ECP_DP_SECP521R1,
	MBEDTLS_ECP_DP_BP256R1,
	MBEDTLS_ECP_DP_BP384R1,
	MBEDTLS_ECP_DP_BP512R1,
	MBEDTLS_ECP_DP_NONE,
};

/* Its default would offer TLS 1.0. */
static void set_versions(mbedtls_ssl_config *ssl)
{
	mbedtls_ssl_conf_min_version(
		ssl, MBEDTLS_SSL_MAJOR_VERSION_3, MBEDTLS_SSL_MINOR_VERSION_3);
	mbedtls_ssl_conf_curves(ssl, curves);
}

static mbedtls_x509_crt **peer_of(mbedtls_ssl_session *s)
{
	return &s->peer_cert;
}

static int state_of(const mbedtls_ssl_context *ssl)
{
	return ssl->state;
}

static bool is_costly(int state)
{
	return state == MBEDTLS_SSL_SERVER_CERTIFICATE;
}

int tlsconf_is_ticket(int rc)
{
	(void)rc;
	return 0;
}

#endif

void tlsconf_forget_peer(mbedtls_ssl_session *s)
{
	mbedtls_x509_crt **peer = peer_of(s);

	if (*peer == NULL)
		return;
	mbedtls_x509_crt_free(*peer);
	mbedtls_free(*peer);
	*peer = NULL;
}

enum tlsconf_next tlsconf_next(const mbedtls_ssl_context *ssl)
{
	int state = state_of(ssl);

	if (state == MBEDTLS_SSL_HANDSHAKE_OVER)
		return TLSCONF_NEXT_NOTHING;
	return is_costly(state) ? TLSCONF_NEXT_COSTLY : TLSCONF_NEXT_LIGHT;
}

static enum tlsconf_result parse_own(struct tlsconf *c,
	const struct tlsconf_files *files, struct tlsconf_report *r)
{
	enum tlsconf_result res;
	struct pem p;
	int rc;

	if (files->cert == NULL && files->key == NULL)
		return TLSCONF_OK;
	if (files->key == NULL)
		return certs_bad(
			r, "%s: a certificate without a key", files->cert);
	if (files->cert == NULL)
		return certs_bad(
			r, "%s: a key without a certificate", files->key);
	res = certs_load(&c->cert, files->cert, r);
	if (res != TLSCONF_OK)
		return res;
	res = certs_read_pem(&p, files->key, "PRIVATE KEY", r);
	if (res != TLSCONF_OK)
		return res;
	rc = parse_key(c, (unsigned char *)p.text, p.len + 1);
	pem_free(&p);
	if (rc != 0)
		return certs_bad_rc(r, files->key, rc);
	if (check_pair(c) != 0)
		return certs_bad(
			r, "%s: not the key of %s", files->key, files->cert);
	rc = mbedtls_ssl_conf_own_cert(&c->ssl, &c->cert, &c->key);
	return rc == 0 ? TLSCONF_OK : certs_bad_rc(r, files->cert, rc);
}

int tlsconf_verify(
	void *conf, mbedtls_x509_crt *crt, int depth, uint32_t *flags)
{
	const struct tlsconf *c = conf;

	if (depth == 0 && c->has_crl &&
		!certs_has_crl(&c->crl, &crt->issuer_raw))
		*flags |= TLSCONF_NO_CRL;
	return 0;
}

/* --- all together --- */

static void destroy(struct tlsconf *c)
{
	mbedtls_ssl_config_free(&c->ssl);
	mbedtls_pk_free(&c->key);
	mbedtls_x509_crt_free(&c->cert);
	mbedtls_x509_crl_free(&c->crl);
	mbedtls_x509_crt_free(&c->ca);
	mbedtls_ctr_drbg_free(&c->rng);
	mbedtls_entropy_free(&c->entropy);
	free(c);
}

static struct tlsconf *create(void)
{
	struct tlsconf *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->refs = 1;
	mbedtls_entropy_init(&c->entropy);
	mbedtls_ctr_drbg_init(&c->rng);
	mbedtls_x509_crt_init(&c->ca);
	mbedtls_x509_crl_init(&c->crl);
	mbedtls_x509_crt_init(&c->cert);
	mbedtls_pk_init(&c->key);
	mbedtls_ssl_config_init(&c->ssl);
	return c;
}

/*
 * TLS 1.2 tickets are off since, with them on, mbedTLS does not resume with
 * servers of the Java family; session IDs it does.
 */
static int set_up(struct tlsconf *c)
{
	int rc = mbedtls_ctr_drbg_seed(
		&c->rng, mbedtls_entropy_func, &c->entropy, NULL, 0);

	if (rc == 0)
		rc = mbedtls_ssl_config_defaults(&c->ssl, MBEDTLS_SSL_IS_CLIENT,
			MBEDTLS_SSL_TRANSPORT_STREAM,
			MBEDTLS_SSL_PRESET_DEFAULT);
	if (rc != 0)
		return rc;
	set_versions(&c->ssl);
	mbedtls_ssl_conf_rng(&c->ssl, mbedtls_ctr_drbg_random, &c->rng);
	mbedtls_ssl_conf_authmode(&c->ssl, MBEDTLS_SSL_VERIFY_REQUIRED);
	mbedtls_ssl_conf_renegotiation(
		&c->ssl, MBEDTLS_SSL_RENEGOTIATION_DISABLED);
	mbedtls_ssl_conf_session_tickets(
		&c->ssl, MBEDTLS_SSL_SESSION_TICKETS_DISABLED);
	return 0;
}

/*
 * mbedTLS 2.28 fills tables at first use, without a lock.  One configuration
 * made here does that while there is one thread.
 */
int tlsconf_global_init(void)
{
	int rc = psa_start();
	struct tlsconf *c;

	if (rc != 0)
		return rc;
	c = create();
	if (c == NULL)
		return MBEDTLS_ERR_SSL_ALLOC_FAILED;
	rc = set_up(c);
	destroy(c);
	return rc;
}

static enum tlsconf_result fill(struct tlsconf *c,
	const struct tlsconf_files *files, struct tlsconf_report *r)
{
	enum tlsconf_result res;
	int rc = set_up(c);

	if (rc != 0)
		return certs_bad_rc(r, files->ca, rc);
	res = certs_load(&c->ca, files->ca, r);
	if (res == TLSCONF_OK && files->crl != NULL) {
		c->has_crl = true;
		res = certs_load_crls(&c->crl, files->crl, r);
	}
	if (res == TLSCONF_OK)
		res = parse_own(c, files, r);
	if (res != TLSCONF_OK)
		return res;
	if (c->has_crl)
		certs_note_crls(&c->ca, &c->crl, files->crl, r);
	mbedtls_ssl_conf_ca_chain(&c->ssl, &c->ca, c->has_crl ? &c->crl : NULL);
	return TLSCONF_OK;
}

enum tlsconf_result tlsconf_load(struct tlsconf **out,
	const struct tlsconf_files *files, struct tlsconf_report *report)
{
	struct tlsconf *c = create();
	enum tlsconf_result res;

	*report = (struct tlsconf_report){ .n_notes = 0 };
	if (c == NULL)
		return certs_bad(report, "%s: out of memory", files->ca);
	res = fill(c, files, report);
	if (res == TLSCONF_OK)
		*out = c;
	else
		destroy(c);
	return res;
}

void tlsconf_dates(const struct tlsconf *c, struct tlsconf_dates *d)
{
	*d = (struct tlsconf_dates){ certs_first_end(&c->ca),
		certs_first_update(&c->crl), certs_first_end(&c->cert) };
}

struct tlsconf *tlsconf_ref(struct tlsconf *c)
{
	c->refs++;
	return c;
}

void tlsconf_unref(struct tlsconf *c)
{
	if (c == NULL)
		return;
	assert(c->refs > 0);
	if (--c->refs == 0)
		destroy(c);
}

const mbedtls_ssl_config *tlsconf_ssl(const struct tlsconf *c)
{
	return &c->ssl;
}
