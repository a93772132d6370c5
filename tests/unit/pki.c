#include "pki.h"

#include <stdlib.h>
#include <string.h>

#include <mbedtls/base64.h>
#include <mbedtls/ecp.h>

#include "t.h"

struct tlsconf *pki_conf(const struct tlsconf_files *files)
{
	struct tlsconf_report report;
	struct tlsconf *c = NULL;

	if (tlsconf_load(&c, files, &report) != TLSCONF_OK)
		fail_msg("%s", report.error);
	return c;
}

struct tlsconf *pki_good_conf(void)
{
	return pki_conf(&(struct tlsconf_files){
		.ca = PKI("ca.pem"), .crl = PKI("crl.pem") });
}

/*
 * The private number of a SEC1 key on P-256 stands at a fixed place.  (The
 * function that parses key files takes other arguments in mbedTLS 3.)
 */
static void load_key(mbedtls_pk_context *key)
{
	const char *head = "-----BEGIN EC PRIVATE KEY-----\n";
	unsigned char der[256];
	size_t len;
	char *pem = t_fixture("pki/server.key", &len);
	char *at = strstr(pem, head);
	char *end = strstr(pem, "-----END");

	assert_true(at != NULL && end != NULL);
	at += strlen(head);
	assert_int_equal(mbedtls_base64_decode(der, sizeof(der), &len,
				 (unsigned char *)at, (size_t)(end - at)),
		0);
	assert_memory_equal(der + 2, "\x02\x01\x01\x04\x20", 5);
	assert_int_equal(mbedtls_pk_setup(key,
				 mbedtls_pk_info_from_type(MBEDTLS_PK_ECKEY)),
		0);
	assert_int_equal(mbedtls_ecp_read_key(MBEDTLS_ECP_DP_SECP256R1,
				 mbedtls_pk_ec(*key), der + 7, 32),
		0);
	free(pem);
}

void pki_server_open(struct pki_server *s, const char *cert)
{
	mbedtls_ssl_config_init(&s->conf);
	mbedtls_x509_crt_init(&s->cert);
	mbedtls_x509_crt_init(&s->ca);
	mbedtls_pk_init(&s->key);
	mbedtls_entropy_init(&s->entropy);
	mbedtls_ctr_drbg_init(&s->rng);
	mbedtls_ssl_cache_init(&s->cache);
	mbedtls_ssl_ticket_init(&s->ticket);
	load_key(&s->key);
	assert_int_equal(mbedtls_x509_crt_parse_file(&s->cert, cert), 0);
	assert_int_equal(mbedtls_x509_crt_parse_file(&s->ca, PKI("ca.pem")), 0);
	assert_int_equal(mbedtls_ctr_drbg_seed(&s->rng, mbedtls_entropy_func,
				 &s->entropy, NULL, 0),
		0);
	assert_int_equal(
		mbedtls_ssl_config_defaults(&s->conf, MBEDTLS_SSL_IS_SERVER,
			MBEDTLS_SSL_TRANSPORT_STREAM,
			MBEDTLS_SSL_PRESET_DEFAULT),
		0);
	assert_int_equal(
		mbedtls_ssl_ticket_setup(&s->ticket, mbedtls_ctr_drbg_random,
			&s->rng, MBEDTLS_CIPHER_AES_256_GCM, 3600),
		0);
	mbedtls_ssl_conf_rng(&s->conf, mbedtls_ctr_drbg_random, &s->rng);
	mbedtls_ssl_conf_session_cache(&s->conf, &s->cache,
		mbedtls_ssl_cache_get, mbedtls_ssl_cache_set);
	mbedtls_ssl_conf_session_tickets_cb(&s->conf, mbedtls_ssl_ticket_write,
		mbedtls_ssl_ticket_parse, &s->ticket);
	assert_int_equal(
		mbedtls_ssl_conf_own_cert(&s->conf, &s->cert, &s->key), 0);
}

void pki_server_close(struct pki_server *s)
{
	mbedtls_ssl_config_free(&s->conf);
	mbedtls_ssl_ticket_free(&s->ticket);
	mbedtls_ssl_cache_free(&s->cache);
	mbedtls_ctr_drbg_free(&s->rng);
	mbedtls_entropy_free(&s->entropy);
	mbedtls_pk_free(&s->key);
	mbedtls_x509_crt_free(&s->ca);
	mbedtls_x509_crt_free(&s->cert);
}

void pki_server_want_client_cert(struct pki_server *s)
{
	mbedtls_ssl_conf_ca_chain(&s->conf, &s->ca, NULL);
	mbedtls_ssl_conf_authmode(&s->conf, MBEDTLS_SSL_VERIFY_REQUIRED);
}

/* The only call for it that is no version's own; Suite B has few ciphers. */
void pki_server_want_nist_groups(struct pki_server *s)
{
	assert_int_equal(
		mbedtls_ssl_config_defaults(&s->conf, MBEDTLS_SSL_IS_SERVER,
			MBEDTLS_SSL_TRANSPORT_STREAM,
			MBEDTLS_SSL_PRESET_SUITEB),
		0);
	mbedtls_ssl_conf_ciphersuites(
		&s->conf, mbedtls_ssl_list_ciphersuites());
}

static int server_recv(void *ctx, unsigned char *dst, size_t cap)
{
	struct pki_link *l = ctx;
	size_t n = l->to_server.len < cap ? l->to_server.len : cap;

	if (n == 0)
		return MBEDTLS_ERR_SSL_WANT_READ;
	memcpy(dst, l->to_server.data, n);
	buf_consume(&l->to_server, n);
	return (int)n;
}

static int server_send(void *ctx, const unsigned char *src, size_t len)
{
	struct pki_link *l = ctx;

	assert_int_equal(buf_append(&l->to_client, src, len), 0);
	return (int)len;
}

void pki_link_open(struct pki_link *l, struct pki_server *s,
	struct tlsconf *conf, const char *host, const struct tls_saved *resume,
	size_t step)
{
	*l = (struct pki_link){ .step = step,
		.to_server = BUF_INIT(1 << 20),
		.to_client = BUF_INIT(1 << 20) };
	assert_int_equal(tls_init(&l->client, conf, host, resume), 0);
	mbedtls_ssl_init(&l->server);
	assert_int_equal(mbedtls_ssl_setup(&l->server, &s->conf), 0);
	mbedtls_ssl_set_bio(&l->server, l, server_send, server_recv, NULL);
}

void pki_link_close(struct pki_link *l)
{
	tls_free(&l->client);
	mbedtls_ssl_free(&l->server);
	buf_free(&l->to_server);
	buf_free(&l->to_client);
}

bool pki_carry(struct pki_link *l)
{
	struct buf *out = &l->client.out;
	size_t up = out->len < l->step ? out->len : l->step;
	size_t down = l->to_client.len;

	if (down > l->step)
		down = l->step;
	if (up > 0)
		assert_int_equal(buf_append(&l->to_server, out->data, up), 0);
	buf_consume(out, up);
	if (down > 0)
		assert_int_equal(
			tls_feed(&l->client, l->to_client.data, down), 0);
	buf_consume(&l->to_client, down);
	return up + down > 0;
}

static void server_handshake(struct pki_link *l)
{
	if (l->server_done ||
		(l->server_rc != 0 &&
			l->server_rc != MBEDTLS_ERR_SSL_WANT_READ))
		return;
	l->server_rc = mbedtls_ssl_handshake(&l->server);
	l->server_done = l->server_rc == 0;
}

enum tls_status pki_client_handshake(struct pki_link *l)
{
	enum tls_status st = tls_handshake_light(&l->client);

	if (st != TLS_HEAVY)
		return st;
	l->heavy = true;
	return tls_handshake(&l->client);
}

/* The server may need more after the client is done, and with 1.3 has more. */
enum tls_status pki_handshake(struct pki_link *l)
{
	enum tls_status st = TLS_AGAIN;

	do {
		if (st == TLS_AGAIN)
			st = pki_client_handshake(l);
		server_handshake(l);
	} while (pki_carry(l));
	return st;
}

void pki_server_send(struct pki_link *l, const void *data, size_t len)
{
	const unsigned char *at = data;

	while (len > 0) {
		int n = mbedtls_ssl_write(&l->server, at, len);

		assert_true(n > 0);
		at += n;
		len -= (size_t)n;
	}
}

enum tls_status pki_client_read(
	struct pki_link *l, void *dst, size_t want, size_t *len)
{
	char *at = dst;
	enum tls_status st;
	size_t n;

	*len = 0;
	do {
		while (*len < want) {
			st = tls_read(&l->client, at + *len, want - *len, &n);
			*len += n;
			if (st == TLS_AGAIN)
				break;
			if (st != TLS_OK)
				return st;
		}
	} while (*len < want && pki_carry(l));
	return *len == want ? TLS_OK : TLS_AGAIN;
}
