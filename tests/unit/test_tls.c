#include "t.h"

#include <stdlib.h>
#include <time.h>

#include "pki.h"

static const size_t steps[] = { 1, 2, 7, 100, 65536 };

/* --- what should work ----------------------------------------------------- */

static void test_talks_in_any_pieces(void **state)
{
	static char said[40000], heard[sizeof(said)];
	struct tlsconf *conf = pki_good_conf();
	struct pki_server server;
	struct pki_link l;
	unsigned char byte;
	size_t n;

	(void)state;
	for (size_t i = 0; i < sizeof(said); i++)
		said[i] = (char)(i * 7);
	pki_server_open(&server, PKI("server.pem"));
	for (size_t i = 0; i < COUNT(steps); i++) {
		pki_link_open(&l, &server, conf, "puppet.test", NULL, steps[i]);
		assert_int_equal(pki_handshake(&l), TLS_OK);
		assert_true(l.server_done);
		assert_false(tls_resumed(&l.client));
		assert_true(strncmp(tls_version(&l.client), "TLSv1.", 6) == 0);

		assert_int_equal(
			tls_write(&l.client, said, sizeof(said)), TLS_OK);
		while (pki_carry(&l))
			continue;
		for (size_t k = 0; k < sizeof(said); k++) {
			assert_int_equal(
				mbedtls_ssl_read(&l.server, &byte, 1), 1);
			assert_int_equal((char)byte, said[k]);
		}
		pki_server_send(&l, said, sizeof(said));
		assert_int_equal(
			pki_client_read(&l, heard, sizeof(heard), &n), TLS_OK);
		assert_memory_equal(heard, said, sizeof(said));

		assert_int_equal(mbedtls_ssl_close_notify(&l.server), 0);
		assert_int_equal(pki_client_read(&l, heard, 1, &n), TLS_EOF);
		assert_int_equal(tls_fault(&l.client), TLS_FAULT_NONE);
		pki_link_close(&l);
	}
	pki_server_close(&server);
	tlsconf_unref(conf);
}

/* A handshake, five bytes and what can be resumed after that. */
static struct tls_saved *visit(struct pki_server *server, struct tlsconf *conf,
	const struct tls_saved *resume, size_t step, bool *resumed)
{
	struct tls_certificate c;
	struct tls_saved *saved;
	struct pki_link l;
	char word[6] = "";
	size_t n;

	pki_link_open(&l, server, conf, "puppet.test", resume, step);
	assert_int_equal(pki_handshake(&l), TLS_OK);
	pki_server_send(&l, "hello", 5);
	assert_int_equal(pki_client_read(&l, word, 5, &n), TLS_OK);
	assert_string_equal(word, "hello");
	*resumed = tls_resumed(&l.client);
	assert_int_equal(l.heavy, !*resumed);
	assert_int_equal(tls_certificate(&l.client, &c), !*resumed);
	saved = tls_take_saved(&l.client);
	assert_non_null(saved);
	assert_null(tls_take_saved(&l.client));
	pki_link_close(&l);
	return saved;
}

static void test_resumes(void **state)
{
	struct tlsconf *conf = pki_good_conf();
	struct tls_saved *first, *second;
	struct pki_server server;
	bool resumed;

	(void)state;
	pki_server_open(&server, PKI("server.pem"));
	for (size_t i = 0; i < COUNT(steps); i++) {
		first = visit(&server, conf, NULL, steps[i], &resumed);
		assert_false(resumed);
		second = visit(&server, conf, first, steps[i], &resumed);
		assert_true(resumed);
		tls_saved_free(first);
		/* A session that was resumed can be resumed again. */
		first = visit(&server, conf, second, steps[i], &resumed);
		assert_true(resumed);
		tls_saved_free(first);
		tls_saved_free(second);
	}
	pki_server_close(&server);
	tlsconf_unref(conf);
}

/* The server forgot: a full handshake, not an error. */
static void test_full_handshake_when_server_forgot(void **state)
{
	struct tlsconf *conf = pki_good_conf();
	struct tls_saved *saved, *next;
	struct pki_server server;
	bool resumed;

	(void)state;
	pki_server_open(&server, PKI("server.pem"));
	saved = visit(&server, conf, NULL, 65536, &resumed);
	pki_server_close(&server);
	pki_server_open(&server, PKI("server.pem"));
	next = visit(&server, conf, saved, 65536, &resumed);
	assert_false(resumed);
	tls_saved_free(next);
	tls_saved_free(saved);
	pki_server_close(&server);
	tlsconf_unref(conf);
}

/* What is light ends before any certificate is looked at. */
static void test_light_is_light(void **state)
{
	struct tlsconf *conf = pki_good_conf();
	struct pki_server server;
	struct tls_certificate c;
	struct pki_link l;
	enum tls_status st;

	(void)state;
	pki_server_open(&server, PKI("server.pem"));
	pki_link_open(&l, &server, conf, "puppet.test", NULL, 65536);
	do {
		st = tls_handshake_light(&l.client);
		mbedtls_ssl_handshake(&l.server);
	} while (pki_carry(&l));
	assert_int_equal(st, TLS_HEAVY);
	assert_int_equal(tls_handshake_light(&l.client), TLS_HEAVY);
	assert_false(tls_certificate(&l.client, &c));
	st = tls_handshake(&l.client); /* with 1.3 it is over */
	assert_true(tls_certificate(&l.client, &c));
	assert_int_equal(tls_handshake_light(&l.client),
		st == TLS_OK ? TLS_OK : TLS_HEAVY);
	assert_int_equal(pki_handshake(&l), TLS_OK);
	assert_int_equal(tls_handshake_light(&l.client), TLS_OK);
	pki_link_close(&l);
	pki_server_close(&server);
	tlsconf_unref(conf);
}

/* In TLS 1.3 it ends before a key of the group that the server asks for. */
static void test_light_with_a_costly_group(void **state)
{
	enum { HELLO_RETRY_REQUEST_MAX = 300 };
	struct tlsconf *conf = pki_good_conf();
	struct pki_server server;
	struct pki_link l;
	enum tls_status st;
	size_t came = 0;

	(void)state;
	pki_server_open(&server, PKI("server.pem"));
	pki_server_want_nist_groups(&server);
	pki_link_open(&l, &server, conf, "puppet.test", NULL, 65536);
	while ((st = tls_handshake_light(&l.client)) == TLS_AGAIN) {
		pki_carry(&l);
		mbedtls_ssl_handshake(&l.server);
		came += l.to_client.len;
		assert_true(pki_carry(&l));
	}
	assert_int_equal(st, TLS_HEAVY);
	assert_int_equal(tls_handshake(&l.client), TLS_AGAIN);
	assert_int_equal(pki_handshake(&l), TLS_OK);
	if (strcmp(tls_version(&l.client), "TLSv1.3") == 0)
		assert_in_range(came, 1, HELLO_RETRY_REQUEST_MAX);
	pki_link_close(&l);
	pki_server_close(&server);
	tlsconf_unref(conf);
}

static void test_client_certificates(void **state)
{
	static const struct tlsconf_files own[] = {
		{ .cert = PKI("client-ec.pem"),
			.key = PKI("client-ec.sec1.key") },
		{ .cert = PKI("client-rsa.pem"),
			.key = PKI("client-rsa.pkcs8.key") },
	};
	struct pki_server server;
	struct pki_link l;
	char byte;
	size_t n;

	(void)state;
	pki_server_open(&server, PKI("server.pem"));
	pki_server_want_client_cert(&server);
	for (size_t i = 0; i < COUNT(own); i++) {
		struct tlsconf_files files = own[i];
		struct tlsconf *conf;

		files.ca = PKI("ca.pem");
		conf = pki_conf(&files);
		pki_link_open(&l, &server, conf, "localhost", NULL, 65536);
		tlsconf_unref(conf); /* the session has its own reference */
		assert_int_equal(pki_handshake(&l), TLS_OK);
		assert_true(l.server_done);
		pki_link_close(&l);
	}

	/* None at all: refused by an alert, or by hanging up. */
	struct tlsconf *bare = pki_good_conf();
	pki_link_open(&l, &server, bare, "localhost", NULL, 65536);
	pki_handshake(&l);
	assert_false(l.server_done);
	tls_feed_eof(&l.client);
	if (tls_handshake(&l.client) == TLS_OK)
		assert_int_equal(tls_read(&l.client, &byte, 1, &n), TLS_FAIL);
	assert_int_not_equal(tls_fault(&l.client), TLS_FAULT_NONE);
	pki_link_close(&l);
	tlsconf_unref(bare);
	pki_server_close(&server);
}

static void test_tells_the_certificate(void **state)
{
	static const struct {
		const char *cert;
		enum tls_status status;
		int64_t not_after_s;
	} certs[] = {
		{ PKI("server.pem"), TLS_OK, 4733510400 },
		{ PKI("server-expired.pem"), TLS_FAIL, 1609459200 },
	};
	struct tlsconf *conf = pki_good_conf();

	(void)state;
	setenv("TZ", "EST5",
		1); /* dates of certificates are UTC all the same */
	tzset();
	for (size_t i = 0; i < COUNT(certs); i++) {
		struct tls_certificate c = { .not_after_s = -1 };
		struct pki_server server;
		struct pki_link l;

		pki_server_open(&server, certs[i].cert);
		pki_link_open(&l, &server, conf, "puppet.test", NULL, 65536);
		assert_false(tls_certificate(&l.client, &c));
		assert_int_equal(c.not_after_s, -1);
		assert_int_equal(pki_handshake(&l), certs[i].status);
		assert_true(tls_certificate(&l.client, &c));
		assert_string_equal(c.subject, "CN=puppet.test");
		assert_string_equal(c.issuer, "CN=Test Intermediate CA");
		assert_int_equal(c.not_after_s, certs[i].not_after_s);
		pki_link_close(&l);
		pki_server_close(&server);
	}
	tlsconf_unref(conf);
}

/* --- what goes over the wire ---------------------------------------------- */

static size_t u16(const char *at)
{
	return (size_t)(unsigned char)at[0] << 8 | (unsigned char)at[1];
}

/* Whether the ClientHello in `b`, one record, has the extension `type`. */
static bool offers(const struct buf *b, size_t type)
{
	const char *at = b->data + 5 + 4 + 2 + 32, *end;

	at += 1 + (unsigned char)at[0]; /* session ID */
	at += 2 + u16(at);              /* ciphers */
	at += 1 + (unsigned char)at[0]; /* compression */
	end = at + 2 + u16(at);
	assert_ptr_equal(end, b->data + b->len);
	for (at += 2; at < end; at += 4 + u16(at + 2)) {
		if (u16(at) == type)
			return true;
	}
	return false;
}

static void test_hello_bears_name_and_no_ticket(void **state)
{
	struct tlsconf *conf = pki_good_conf();
	struct tls t;

	(void)state;
	assert_int_equal(tls_init(&t, conf, "puppet.test", NULL), 0);
	assert_int_equal(tls_handshake(&t), TLS_AGAIN);
	assert_true(offers(&t.out, 0)); /* server_name */
	assert_non_null(memmem(t.out.data, t.out.len, "puppet.test", 11));
	assert_false(offers(&t.out, 35)); /* session_ticket */
	tls_free(&t);
	tlsconf_unref(conf);
}

static void test_input_has_a_limit(void **state)
{
	static char flood[64 * 1024];
	struct tlsconf *conf = pki_good_conf();
	struct tls t;
	int rc = 0;

	(void)state;
	assert_int_equal(tls_init(&t, conf, "puppet.test", NULL), 0);
	for (int i = 0; i < 1000 && rc == 0; i++)
		rc = tls_feed(&t, flood, sizeof(flood));
	assert_int_equal(rc, UV_ENOBUFS);
	tls_free(&t);
	tlsconf_unref(conf);
}

/* Warnings change nothing, and so may come for ever. */
static void test_a_handshake_has_a_limit(void **state)
{
	static const char warning[] = "\x15\x03\x03\0\2\1\x5a";
	struct tlsconf *conf = pki_good_conf();
	struct tls t;
	int rc = 0;

	(void)state;
	assert_int_equal(tls_init(&t, conf, "puppet.test", NULL), 0);
	for (int i = 0; i < 1000 * 1000 && rc == 0; i++) {
		assert_int_equal(tls_handshake(&t), TLS_AGAIN);
		rc = tls_feed(&t, warning, sizeof(warning) - 1);
	}
	assert_int_equal(rc, UV_ENOBUFS);
	tls_free(&t);
	tlsconf_unref(conf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_talks_in_any_pieces),
		cmocka_unit_test(test_resumes),
		cmocka_unit_test(test_full_handshake_when_server_forgot),
		cmocka_unit_test(test_light_is_light),
		cmocka_unit_test(test_light_with_a_costly_group),
		cmocka_unit_test(test_client_certificates),
		cmocka_unit_test(test_tells_the_certificate),
		cmocka_unit_test(test_hello_bears_name_and_no_ticket),
		cmocka_unit_test(test_input_has_a_limit),
		cmocka_unit_test(test_a_handshake_has_a_limit),
	};
	int rc;

	if (tlsconf_global_init() != 0)
		return 1;
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	tlsconf_global_free();
	return rc;
}
