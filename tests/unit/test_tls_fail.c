#include "t.h"

#include "pki.h"

/* --- what must fail, and how it is called --------------------------------- */

static const struct {
	const char *ca, *crl, *cert, *host;
	enum tls_fault fault;
	const char *explains;
} cases[] = {
	{ PKI("ca.pem"), PKI("crl.pem"), PKI("server.pem"), "localhost",
		TLS_FAULT_NONE, "" },
	{ PKI("intermediate.pem"), PKI("crl.pem"), PKI("server.pem"),
		"localhost", TLS_FAULT_NONE, "" },
	/* the server sends its leaf only, so the chain breaks */
	{ PKI("root.pem"), PKI("crl.pem"), PKI("server.pem"), "localhost",
		TLS_FAULT_CERT, "not correctly signed" },
	{ PKI("other-ca.pem"), PKI("crl.pem"), PKI("server.pem"), "localhost",
		TLS_FAULT_CERT, "not correctly signed" },
	{ PKI("other-ca.pem"), PKI("crl-other-only.pem"),
		PKI("server-expired.pem"), "wrong.test", TLS_FAULT_CERT,
		"not correctly signed" },
	{ PKI("ca.pem"), PKI("crl.pem"), PKI("server-expired.pem"), "localhost",
		TLS_FAULT_EXPIRED, "validity has expired" },
	{ PKI("ca.pem"), PKI("crl-expired.pem"), PKI("server-expired.pem"),
		"localhost", TLS_FAULT_EXPIRED, "CRL is expired" },
	{ PKI("ca.pem"), PKI("crl-revoked.pem"), PKI("server.pem"), "localhost",
		TLS_FAULT_REVOKED, "revoked" },
	{ PKI("ca.pem"), PKI("crl-revoked.pem"), PKI("server.pem"),
		"wrong.test", TLS_FAULT_REVOKED, "revoked" },
	{ PKI("ca.pem"), PKI("crl-expired.pem"), PKI("server.pem"), "localhost",
		TLS_FAULT_CRL, "CRL is expired" },
	{ PKI("ca.pem"), PKI("crl-other-only.pem"), PKI("server.pem"),
		"localhost", TLS_FAULT_CRL, "No CRL of the issuer" },
	{ PKI("ca.pem"), PKI("crl-other-only.pem"), PKI("server.pem"),
		"wrong.test", TLS_FAULT_CRL, "No CRL of the issuer; " },
	{ PKI("ca.pem"), PKI("crl.pem"), PKI("server.pem"), "wrong.test",
		TLS_FAULT_NAME, "does not match" },
	/* without CRLs nothing of this is looked at */
	{ PKI("ca.pem"), NULL, PKI("server.pem"), "puppet.test", TLS_FAULT_NONE,
		"" },
	{ PKI("ca.pem"), NULL, PKI("server.pem"), "wrong.test", TLS_FAULT_NAME,
		"does not match" },
};

static void check_case(size_t i, size_t step)
{
	struct tlsconf_files files = { .ca = cases[i].ca, .crl = cases[i].crl };
	struct tlsconf *conf = pki_conf(&files);
	struct pki_server server;
	struct pki_link l;
	char text[256];

	pki_server_open(&server, cases[i].cert);
	pki_link_open(&l, &server, conf, cases[i].host, NULL, step);
	pki_handshake(&l);
	tls_explain(&l.client, text, sizeof(text));
	if (tls_fault(&l.client) != cases[i].fault ||
		strstr(text, cases[i].explains) == NULL)
		fail_msg("case %zu: fault %d (%s)", i,
			(int)tls_fault(&l.client), text);
	assert_null(strchr(text, '\n'));
	if (cases[i].fault != TLS_FAULT_NONE) {
		assert_int_equal(tls_handshake(&l.client), TLS_FAIL);
		assert_null(tls_take_saved(&l.client));
		/*
		 * The alert arrived.  In TLS 1.3, mbedTLS 3.6 sends it in a
		 * form that its own server can't read.
		 */
		assert_true(
			l.server_rc == MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE ||
			l.server_rc == MBEDTLS_ERR_SSL_INVALID_MAC);
		for (size_t cap = 0; cap < 40; cap++)
			tls_explain(&l.client, text, cap);
	}
	pki_link_close(&l);
	pki_server_close(&server);
	tlsconf_unref(conf);
}

static void test_faults(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		check_case(i, 7);
		check_case(i, 65536);
	}
}

static void test_name_is_required(void **state)
{
	struct tlsconf *conf = pki_good_conf();
	struct tls t;

	(void)state;
	assert_int_not_equal(tls_init(&t, conf, "", NULL), 0);
	assert_int_not_equal(tls_init(&t, conf, NULL, NULL), 0);
	tlsconf_unref(conf);
}

/* The transport ends at many places of the server's first flight. */
static void test_cut_in_handshake(void **state)
{
	struct tlsconf *conf = pki_good_conf();
	struct pki_server server;
	struct pki_link l;

	(void)state;
	pki_server_open(&server, PKI("server.pem"));
	for (size_t i = 0; i < 400; i += 5) {
		pki_link_open(&l, &server, conf, "localhost", NULL, 65536);
		assert_int_equal(tls_handshake(&l.client), TLS_AGAIN);
		pki_carry(&l);
		mbedtls_ssl_handshake(&l.server);
		assert_true(l.to_client.len > i);
		tls_feed(&l.client, l.to_client.data, i);
		tls_feed_eof(&l.client);
		assert_int_equal(tls_handshake(&l.client), TLS_FAIL);
		assert_int_equal(tls_fault(&l.client), TLS_FAULT_CUT);
		pki_link_close(&l);
	}
	pki_server_close(&server);
	tlsconf_unref(conf);
}

static void test_cut_after_data(void **state)
{
	struct tlsconf *conf = pki_good_conf();
	struct pki_server server;
	struct pki_link l;
	char word[16];
	size_t n;

	(void)state;
	pki_server_open(&server, PKI("server.pem"));
	pki_link_open(&l, &server, conf, "localhost", NULL, 65536);
	assert_int_equal(pki_handshake(&l), TLS_OK);
	pki_server_send(&l, "hello", 5);
	assert_int_equal(pki_client_read(&l, word, 5, &n), TLS_OK);
	assert_int_equal(
		tls_read(&l.client, word, sizeof(word), &n), TLS_AGAIN);
	tls_feed_eof(&l.client);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(
			tls_read(&l.client, word, sizeof(word), &n), TLS_FAIL);
		assert_int_equal(n, 0);
	}
	assert_int_equal(tls_fault(&l.client), TLS_FAULT_CUT);
	assert_int_equal(tls_write(&l.client, "x", 1), TLS_FAIL);
	tls_close(&l.client); /* harmless */
	pki_link_close(&l);
	pki_server_close(&server);
	tlsconf_unref(conf);
}

/* A server that says TLS 1.1, one that is none, and one that says goodbye. */
static void test_what_is_no_tls_1_2(void **state)
{
	static const unsigned char hello_1_1[] =
		"\x16\x03\x02\x00\x2a\x02\x00\x00\x26\x03\x02"
		"0123456789abcdef0123456789abcdef"
		"\x00\xc0\x13\x00"; /* no ID, ECDHE-RSA-AES128-CBC-SHA */
	static const unsigned char alert[] = "\x15\x03\x03\x00\x02\x02\x50";
	static const unsigned char bye[] = "\x15\x03\x03\x00\x02\x01\x00";
	static const unsigned char http[] = "HTTP/1.1 400 Bad Request\r\n\r\n";
	static const struct {
		const unsigned char *data;
		size_t len;
	} answers[] = {
		{ hello_1_1, sizeof(hello_1_1) - 1 },
		{ alert, sizeof(alert) - 1 },
		{ bye, sizeof(bye) - 1 },
		{ http, sizeof(http) - 1 },
	};
	struct tlsconf *conf = pki_good_conf();
	unsigned char hello_1_2[sizeof(hello_1_1)];
	char text[256];
	struct tls t;

	(void)state;
	for (size_t i = 0; i < COUNT(answers); i++) {

		assert_int_equal(tls_init(&t, conf, "localhost", NULL), 0);
		assert_int_equal(tls_handshake(&t), TLS_AGAIN);
		tls_feed(&t, answers[i].data, answers[i].len);
		assert_int_equal(tls_handshake(&t), TLS_FAIL);
		assert_int_equal(tls_fault(&t), TLS_FAULT_PROTO);
		tls_explain(&t, text, sizeof(text));
		assert_true(text[0] != '\0');
		assert_false(tls_resumed(&t));
		tls_free(&t);
	}
	/* It was the version: the same with 1.2 in it is welcome. */
	memcpy(hello_1_2, hello_1_1, sizeof(hello_1_1));
	hello_1_2[2] = hello_1_2[10] = 3;
	assert_int_equal(tls_init(&t, conf, "localhost", NULL), 0);
	assert_int_equal(tls_handshake(&t), TLS_AGAIN);
	tls_feed(&t, hello_1_2, sizeof(hello_1_2) - 1);
	assert_int_equal(tls_handshake(&t), TLS_AGAIN);
	tls_free(&t);
	tlsconf_unref(conf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_name_is_required),
		cmocka_unit_test(test_cut_in_handshake),
		cmocka_unit_test(test_cut_after_data),
		cmocka_unit_test(test_what_is_no_tls_1_2),
	};
	int rc;

	if (tlsconf_global_init() != 0)
		return 1;
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	tlsconf_global_free();
	return rc;
}
