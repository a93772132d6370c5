/* When a session is offered, and when a full handshake is to be expected. */
#include "t.h"

#include "pki.h"
#include "session.h"

enum { START_MS = 5000, LATER_MS = START_MS + 1000 };

struct fix {
	struct tlsconf *conf;
	struct pki_server server;
	struct session s;
};

static void open_fix(struct fix *f)
{
	memset(f, 0, sizeof(*f));
	f->conf = pki_good_conf();
	pki_server_open(&f->server, PKI("server.pem"));
}

static void close_fix(struct fix *f)
{
	session_forget(&f->s);
	pki_server_close(&f->server);
	tlsconf_unref(f->conf);
}

/* As a real handshake leaves it. */
static struct tls_saved *make_saved(struct fix *f)
{
	struct tls_saved *saved;
	struct pki_link l;
	char byte;
	size_t n;

	pki_link_open(&l, &f->server, f->conf, "localhost", NULL, 4096);
	assert_int_equal(pki_handshake(&l), TLS_OK);
	/* TLS 1.3 brings its ticket with the first bytes. */
	pki_server_send(&l, "x", 1);
	assert_int_equal(pki_client_read(&l, &byte, 1, &n), TLS_OK);
	saved = tls_take_saved(&l.client);
	pki_link_close(&l);
	assert_non_null(saved);
	return saved;
}

/* A probe that ended so. */
static void keep(struct fix *f, enum outcome outcome, int resumed,
	struct tls_saved *saved, uint64_t now_ms)
{
	struct probe_report r = { .outcome = outcome,
		.tls_version = "TLSv1.2",
		.resumed = resumed,
		.saved = saved };

	session_keep(&f->s, &r, SESSION_SAME_FILES, now_ms);
}

static void is_offered_until_a_full_one_is_due(void **state)
{
	struct fix f;

	(void)state;
	open_fix(&f);
	assert_null(session_offer(&f.s, START_MS));
	assert_true(session_is_costly(&f.s, START_MS));
	keep(&f, OUTCOME_OK, 0, make_saved(&f), START_MS);
	assert_false(session_is_costly(&f.s, LATER_MS));
	assert_non_null(session_offer(&f.s, LATER_MS));
	/* What was resumed checked no files: the time runs on. */
	keep(&f, OUTCOME_OK, 1, NULL, LATER_MS);
	assert_non_null(session_offer(&f.s, START_MS + SESSION_FULL_MS - 1));
	assert_null(session_offer(&f.s, START_MS + SESSION_FULL_MS));
	assert_true(session_is_costly(&f.s, START_MS + SESSION_FULL_MS));
	close_fix(&f);
}

static void nothing_is_kept_of_a_bad_probe(void **state)
{
	struct fix f;
	struct probe_report r = { .outcome = OUTCOME_OK, .tls_version = "x" };

	(void)state;
	open_fix(&f);
	keep(&f, OUTCOME_OK, 0, make_saved(&f), START_MS);
	keep(&f, OUTCOME_BUSY, 1, make_saved(&f), START_MS);
	assert_null(session_offer(&f.s, START_MS));
	/* Nor of one whose files are no longer in use. */
	r.saved = make_saved(&f);
	session_keep(&f.s, &r, SESSION_OTHER_FILES, START_MS);
	assert_null(session_offer(&f.s, START_MS));
	close_fix(&f);
}

/* A server that forgets its sessions: each handshake is a full one. */
static void not_resumed(void **state)
{
	struct fix f;

	(void)state;
	open_fix(&f);
	keep(&f, OUTCOME_OK, 0, make_saved(&f), START_MS);
	assert_non_null(session_offer(&f.s, LATER_MS));
	keep(&f, OUTCOME_OK, 0, make_saved(&f), LATER_MS);
	assert_true(session_is_costly(&f.s, LATER_MS));
	/* It is still offered, and costs nothing once it is resumed. */
	assert_non_null(session_offer(&f.s, LATER_MS));
	keep(&f, OUTCOME_OK, 1, NULL, LATER_MS);
	assert_false(session_is_costly(&f.s, LATER_MS));
	/* A full one that was wished for says nothing of that. */
	keep(&f, OUTCOME_OK, 0, make_saved(&f), LATER_MS);
	assert_false(session_is_costly(&f.s, LATER_MS));
	close_fix(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_offered_until_a_full_one_is_due),
		cmocka_unit_test(nothing_is_kept_of_a_bad_probe),
		cmocka_unit_test(not_resumed),
	};

	tlsconf_global_init();
	return cmocka_run_group_tests_name("session", tests, NULL, NULL);
}
