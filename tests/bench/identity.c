#include "identity.h"

#include <stdio.h>

#include <mbedtls/asn1.h>
#include <mbedtls/rsa.h>
#include <psa/crypto.h>

enum { KEY_MAX = 8192, SESSIONS_MAX = 16384, TICKET_S = 3600 };

static int complain(const char *what, int rc)
{
	fprintf(stderr, "%s: mbedTLS says -0x%04x\n", what, (unsigned)-rc);
	return -1;
}

/*
 * RSAPrivateKey: version, n, e, d, p, q and what follows from these.  (The
 * function that parses key files takes other arguments in mbedTLS 3.)
 */
static int parse_key(mbedtls_rsa_context *rsa, unsigned char *at, size_t len)
{
	enum { FORMAT, N, E, D, P, Q, NUMBERS };
	mbedtls_mpi number[NUMBERS];
	const unsigned char *end = at + len;
	int rc;

	for (size_t i = 0; i < NUMBERS; i++)
		mbedtls_mpi_init(&number[i]);
	rc = mbedtls_asn1_get_tag(&at, end, &len,
		MBEDTLS_ASN1_CONSTRUCTED | MBEDTLS_ASN1_SEQUENCE);
	for (size_t i = 0; rc == 0 && i < NUMBERS; i++)
		rc = mbedtls_asn1_get_mpi(&at, end, &number[i]);
	if (rc == 0)
		rc = mbedtls_rsa_import(rsa, &number[N], &number[P], &number[Q],
			&number[D], &number[E]);
	if (rc == 0)
		rc = mbedtls_rsa_complete(rsa);
	for (size_t i = 0; i < NUMBERS; i++)
		mbedtls_mpi_free(&number[i]);
	return rc;
}

static int load_key(mbedtls_pk_context *key, const char *path)
{
	unsigned char der[KEY_MAX];
	FILE *f = fopen(path, "rb");
	size_t len;
	int rc;

	if (f == NULL)
		return MBEDTLS_ERR_PK_FILE_IO_ERROR;
	len = fread(der, 1, sizeof(der), f);
	fclose(f);
	rc = mbedtls_pk_setup(key, mbedtls_pk_info_from_type(MBEDTLS_PK_RSA));
	return rc != 0 ? rc : parse_key(mbedtls_pk_rsa(*key), der, len);
}

static int configure(struct identity *id)
{
	int rc = mbedtls_ssl_config_defaults(&id->conf, MBEDTLS_SSL_IS_SERVER,
		MBEDTLS_SSL_TRANSPORT_STREAM, MBEDTLS_SSL_PRESET_DEFAULT);

	if (rc == 0)
		rc = mbedtls_ssl_ticket_setup(&id->ticket,
			mbedtls_ctr_drbg_random, &id->rng,
			MBEDTLS_CIPHER_AES_256_GCM, TICKET_S);
	if (rc == 0)
		rc = mbedtls_ssl_conf_own_cert(&id->conf, &id->cert, &id->key);
	mbedtls_ssl_cache_set_max_entries(&id->cache, SESSIONS_MAX);
	mbedtls_ssl_conf_rng(&id->conf, mbedtls_ctr_drbg_random, &id->rng);
	mbedtls_ssl_conf_session_cache(&id->conf, &id->cache,
		mbedtls_ssl_cache_get, mbedtls_ssl_cache_set);
	mbedtls_ssl_conf_session_tickets_cb(&id->conf, mbedtls_ssl_ticket_write,
		mbedtls_ssl_ticket_parse, &id->ticket);
	return rc;
}

int identity_open(struct identity *id, const char *cert, const char *key)
{
	int rc;

	mbedtls_ssl_config_init(&id->conf);
	mbedtls_x509_crt_init(&id->cert);
	mbedtls_pk_init(&id->key);
	mbedtls_entropy_init(&id->entropy);
	mbedtls_ctr_drbg_init(&id->rng);
	mbedtls_ssl_cache_init(&id->cache);
	mbedtls_ssl_ticket_init(&id->ticket);
	if (psa_crypto_init() != PSA_SUCCESS)
		return complain("psa_crypto_init", 0);
	rc = mbedtls_ctr_drbg_seed(
		&id->rng, mbedtls_entropy_func, &id->entropy, NULL, 0);
	if (rc != 0)
		return complain("random numbers", rc);
	rc = mbedtls_x509_crt_parse_file(&id->cert, cert);
	if (rc != 0)
		return complain(cert, rc);
	rc = load_key(&id->key, key);
	if (rc != 0)
		return complain(key, rc);
	rc = configure(id);
	return rc != 0 ? complain("TLS", rc) : 0;
}
