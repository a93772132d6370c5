#include "t.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "pki.h"

static struct tlsconf_report report;

static enum tlsconf_result load(const struct tlsconf_files *files)
{
	struct tlsconf *c = NULL;
	enum tlsconf_result res = tlsconf_load(&c, files, &report);

	assert_int_equal(c != NULL, res == TLSCONF_OK);
	assert_int_equal(report.error[0] == '\0', res == TLSCONF_OK);
	tlsconf_unref(c);
	return res;
}

static void expect_error(enum tlsconf_result got, enum tlsconf_result want,
	const char *path, const char *words)
{
	if (got != want || strstr(report.error, words) == NULL)
		fail_msg("%d, \"%s\"", (int)got, report.error);
	if (strncmp(report.error, path, strlen(path)) != 0)
		fail_msg("\"%s\" does not begin with %s", report.error, path);
}

/* A CA file with this text in it. */
static void expect_bad_ca(const char *text, size_t len, const char *words)
{
	char *dir = t_mkdir();
	char *path = t_write(dir, "ca.pem", text, len);

	expect_error(load(&(struct tlsconf_files){ .ca = path }), TLSCONF_BAD,
		path, words);
	free(path);
	t_rmdir(dir);
}

/* --- what loads ----------------------------------------------------------- */

static void test_good_files_load_quietly(void **state)
{
	struct tlsconf_files files = { .ca = PKI("ca.pem") };

	(void)state;
	assert_int_equal(load(&files), TLSCONF_OK);
	assert_int_equal(report.n_notes, 0);
	files.crl = PKI("crl.pem");
	assert_int_equal(load(&files), TLSCONF_OK);
	assert_int_equal(report.n_notes, 0);
}

/* Of two CRLs one is past its date: that is the one that counts. */
static void test_dates(void **state)
{
	enum { IN_2021 = 1609459200 };
	const int64_t in_2120 = 4733510400;
	struct tlsconf_files files = { .ca = PKI("ca.pem") };
	struct tlsconf_dates d;
	struct tlsconf *c;

	(void)state;
	c = pki_conf(&files);
	tlsconf_dates(c, &d);
	assert_int_equal(d.ca_s, in_2120);
	assert_int_equal(d.crl_s, 0);
	assert_int_equal(d.own_s, 0);
	tlsconf_unref(c);
	files.crl = PKI("crl-expired.pem");
	files.cert = PKI("client-ec.pem");
	files.key = PKI("client-ec.sec1.key");
	c = pki_conf(&files);
	tlsconf_dates(c, &d);
	assert_int_equal(d.ca_s, in_2120);
	assert_int_equal(d.crl_s, IN_2021);
	assert_int_equal(d.own_s, in_2120);
	tlsconf_unref(c);
}

static void test_key_forms(void **state)
{
	static const struct {
		const char *cert, *key;
	} pairs[] = {
		{ PKI("client-rsa.pem"), PKI("client-rsa.pkcs1.key") },
		{ PKI("client-rsa.pem"), PKI("client-rsa.pkcs8.key") },
		{ PKI("client-ec.pem"), PKI("client-ec.sec1.key") },
		{ PKI("client-ec.pem"), PKI("client-ec.pkcs8.key") },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(pairs); i++) {
		struct tlsconf_files files = { .ca = PKI("ca.pem"),
			.cert = pairs[i].cert,
			.key = pairs[i].key };

		if (load(&files) != TLSCONF_OK)
			fail_msg("%s", report.error);
	}
}

static void test_references(void **state)
{
	struct tlsconf *c = pki_good_conf();

	(void)state;
	assert_ptr_equal(tlsconf_ref(c), c);
	tlsconf_unref(c);
	assert_non_null(tlsconf_ssl(c));
	tlsconf_unref(c);
	tlsconf_unref(NULL);
}

/* Comments, blank lines and the line ends of other systems are no harm. */
static void test_text_around_blocks(void **state)
{
	char *dir = t_mkdir(), *path, *crlf, *pem;
	size_t len, n = 0;

	(void)state;
	pem = t_fixture("pki/ca.pem", &len);
	crlf = malloc(2 * len + 64);
	n = (size_t)sprintf(crlf, "Our own CA - ask Bob\r\n\r\n");
	for (size_t i = 0; i < len; i++) {
		if (pem[i] == '\n')
			crlf[n++] = '\r';
		crlf[n++] = pem[i];
	}
	n += (size_t)sprintf(crlf + n, "the end");
	path = t_write(dir, "ca.pem", crlf, n);
	if (load(&(struct tlsconf_files){ .ca = path }) != TLSCONF_OK)
		fail_msg("%s", report.error);
	free(path);
	free(crlf);
	free(pem);
	t_rmdir(dir);
}

/* --- what does not -------------------------------------------------------- */

static void test_absent(void **state)
{
	struct tlsconf_files files = { .ca = "/nonexistent/ca.pem" };

	(void)state;
	expect_error(load(&files), TLSCONF_ABSENT, files.ca, ": no such file");
	files.ca = PKI("ca.pem");
	files.crl = "/nonexistent/crl.pem";
	expect_error(load(&files), TLSCONF_ABSENT, files.crl, ": no such file");
	files.crl = NULL;
	files.cert = PKI("client-ec.pem");
	files.key = "/nonexistent/key.pem";
	expect_error(load(&files), TLSCONF_ABSENT, files.key, ": no such file");
}

static void test_certificate_and_key_belong_together(void **state)
{
	struct tlsconf_files files = { .ca = PKI("ca.pem") };

	(void)state;
	files.cert = PKI("client-ec.pem");
	expect_error(load(&files), TLSCONF_BAD, files.cert, "without a key");
	files.key = PKI("client-rsa.pkcs1.key");
	expect_error(load(&files), TLSCONF_BAD, files.key, "not the key of");
	files.key = PKI("server.key"); /* the same kind, another key */
	expect_error(load(&files), TLSCONF_BAD, files.key, "not the key of");
	files.cert = NULL;
	expect_error(
		load(&files), TLSCONF_BAD, files.key, "without a certificate");
	files.cert = PKI("client-rsa.pem");
	files.key = PKI("client-rsa.locked.key");
	expect_error(load(&files), TLSCONF_BAD, files.key, "password");
	files.key = PKI("client-rsa.pem");
	expect_error(load(&files), TLSCONF_BAD, files.key, "PRIVATE KEY");
}

static void test_not_a_pem_file(void **state)
{
	char *dir = t_mkdir();

	(void)state;
	expect_bad_ca("", 0, "is empty");
	expect_bad_ca("hello\n", 6, "no PEM block \"CERTIFICATE\"");
	expect_error(load(&(struct tlsconf_files){ .ca = dir }), TLSCONF_BAD,
		dir, "not a regular file");
	expect_error(load(&(struct tlsconf_files){
			     .ca = PKI("ca.pem"), .crl = PKI("ca.pem") }),
		TLSCONF_BAD, PKI("ca.pem"), "no PEM block \"X509 CRL\"");
	t_rmdir(dir);
}

static void test_size_has_a_limit(void **state)
{
	char *dir = t_mkdir();
	char *path = t_write(dir, "ca.pem", "", 0);

	(void)state;
	assert_int_equal(truncate(path, 16 * 1024 * 1024 + 1), 0);
	expect_error(load(&(struct tlsconf_files){ .ca = path }), TLSCONF_BAD,
		path, "larger than 16 MiB");
	free(path);
	t_rmdir(dir);
}

static void test_broken_blocks(void **state)
{
	static const char nested[] = "-----BEGIN CERTIFICATE-----\n"
				     "-----BEGIN CERTIFICATE-----\n";
	static const char stray[] = "-----END CERTIFICATE-----\n";
	static const char mixed[] = "-----BEGIN CERTIFICATE-----\n"
				    "-----END X509 CRL-----\n";
	size_t len;
	char *pem;

	(void)state;
	expect_bad_ca(nested, strlen(nested), "begins inside another");
	expect_bad_ca(stray, strlen(stray), "that did not begin");
	expect_bad_ca(mixed, strlen(mixed), "that did not begin");

	/* One letter of the second certificate, then of the first. */
	pem = t_fixture("pki/ca.pem", &len);
	strrchr(pem, '=')[-9] = '!';
	expect_bad_ca(pem, len, "only 1 of 2 PEM blocks");
	memset(strchr(pem, '\n') + 1, 'A', 64);
	expect_bad_ca(pem, len, "");
	free(pem);
}

/*
 * Every way of cutting the bundle off: either that is noticed, or what is left
 * is a bundle of its own, which ends where its first block does.
 */
static void test_half_written(void **state)
{
	size_t len, first;
	char *pem = t_fixture("pki/ca.pem", &len);
	char *dir = t_mkdir();
	char *path = t_write(dir, "ca.pem", pem, len);

	(void)state;
	first = (size_t)(strstr(pem, "-----END CERTIFICATE-----\n") - pem) + 25;
	for (size_t cut = len - 2; cut > 0; cut--) {
		enum tlsconf_result res;

		assert_int_equal(truncate(path, (off_t)cut), 0);
		res = load(&(struct tlsconf_files){ .ca = path });
		if (cut == first || cut == first + 1)
			assert_int_equal(res, TLSCONF_OK);
		else
			expect_error(res, TLSCONF_BAD, path,
				"ends in the middle of a PEM block "
				"(is somebody writing it?)");
	}
	free(path);
	t_rmdir(dir);
	free(pem);
}

static void test_half_written_crl(void **state)
{
	size_t len;
	char *pem = t_fixture("pki/crl.pem", &len);
	char *dir = t_mkdir();
	char *path = t_write(dir, "crl.pem", pem, len - 40);

	(void)state;
	expect_error(load(&(struct tlsconf_files){
			     .ca = PKI("ca.pem"), .crl = path }),
		TLSCONF_BAD, path, "in the middle of a PEM block");
	free(path);
	t_rmdir(dir);
	free(pem);
}

/* --- revocation lists ----------------------------------------------------- */

static void test_missing_crl_is_noted(void **state)
{
	(void)state;
	assert_int_equal(load(&(struct tlsconf_files){ .ca = PKI("ca.pem"),
				 .crl = PKI("crl-other-only.pem") }),
		TLSCONF_OK);
	assert_int_equal(report.n_notes, 1);
	assert_non_null(strstr(report.notes[0], PKI("crl-other-only.pem")));
	assert_non_null(strstr(report.notes[0], "Test Intermediate CA"));
}

static void test_expired_crl_is_noted(void **state)
{
	(void)state;
	assert_int_equal(load(&(struct tlsconf_files){ .ca = PKI("ca.pem"),
				 .crl = PKI("crl-expired.pem") }),
		TLSCONF_OK);
	assert_int_equal(report.n_notes, 1);
	assert_non_null(strstr(report.notes[0], "Test Intermediate CA"));
	assert_non_null(strstr(report.notes[0], "EXPIRED on 2021-01-01"));
}

static void test_verify_adds_to_the_leaf_only(void **state)
{
	struct tlsconf_files files = { .ca = PKI("ca.pem"),
		.crl = PKI("crl-other-only.pem") };
	mbedtls_x509_crt leaf;
	struct tlsconf *c;
	uint32_t flags = MBEDTLS_X509_BADCERT_EXPIRED;

	(void)state;
	mbedtls_x509_crt_init(&leaf);
	assert_int_equal(
		mbedtls_x509_crt_parse_file(&leaf, PKI("server.pem")), 0);
	c = pki_conf(&files);
	assert_int_equal(tlsconf_verify(c, &leaf, 1, &flags), 0);
	assert_int_equal(flags, MBEDTLS_X509_BADCERT_EXPIRED);
	assert_int_equal(tlsconf_verify(c, &leaf, 0, &flags), 0);
	assert_int_equal(flags, MBEDTLS_X509_BADCERT_EXPIRED | TLSCONF_NO_CRL);
	tlsconf_unref(c);

	files.crl = NULL;
	flags = 0;
	c = pki_conf(&files);
	assert_int_equal(tlsconf_verify(c, &leaf, 0, &flags), 0);
	assert_int_equal(flags, 0);
	tlsconf_unref(c);
	mbedtls_x509_crt_free(&leaf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good_files_load_quietly),
		cmocka_unit_test(test_dates),
		cmocka_unit_test(test_key_forms),
		cmocka_unit_test(test_references),
		cmocka_unit_test(test_text_around_blocks),
		cmocka_unit_test(test_absent),
		cmocka_unit_test(test_certificate_and_key_belong_together),
		cmocka_unit_test(test_not_a_pem_file),
		cmocka_unit_test(test_size_has_a_limit),
		cmocka_unit_test(test_broken_blocks),
		cmocka_unit_test(test_half_written),
		cmocka_unit_test(test_half_written_crl),
		cmocka_unit_test(test_missing_crl_is_noted),
		cmocka_unit_test(test_expired_crl_is_noted),
		cmocka_unit_test(test_verify_adds_to_the_leaf_only),
	};
	int rc;

	if (tlsconf_global_init() != 0)
		return 1;
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	tlsconf_global_free();
	return rc;
}
