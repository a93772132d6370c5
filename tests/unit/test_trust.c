#include "t.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "pki.h"
#include "trust.h"

enum { TURNS_MAX = 100000 };

struct fix {
	uv_loop_t loop;
	struct trust *trust;
	char *dir;
	char ca[80], crl[80];
	uint64_t look_ms;
	bool called; /* since expect_event() last looked */
	int n_calls;
	enum trust_event ev;
	struct tlsconf_report report;
	bool close_in_callback;
	bool look_in_callback;
};

static void on_trust(struct trust *t, enum trust_event ev,
	const struct tlsconf_report *report, void *arg)
{
	struct fix *f = arg;

	f->called = true;
	f->n_calls++;
	f->ev = ev;
	f->report = *report;
	if (f->look_in_callback)
		trust_look(t);
	if (f->close_in_callback)
		trust_close(t);
}

/* A fixture, or the first half of it, to where the trust looks, as cp does. */
static void put_part(
	struct fix *f, const char *name, const char *fixture, size_t parts)
{
	char path[64];
	size_t len;
	char *text;

	snprintf(path, sizeof(path), "pki/%s", fixture);
	text = t_fixture(path, &len);
	free(t_write(f->dir, name, text, len / parts));
	free(text);
}

static void put(struct fix *f, const char *name, const char *fixture)
{
	put_part(f, name, fixture, 1);
}

static void set_up(struct fix *f)
{
	*f = (struct fix){ .dir = t_mkdir(), .look_ms = 1 };
	snprintf(f->ca, sizeof(f->ca), "%s/ca.pem", f->dir);
	snprintf(f->crl, sizeof(f->crl), "%s/crl.pem", f->dir);
	assert_int_equal(uv_loop_init(&f->loop), 0);
}

static void start(struct fix *f)
{
	struct trust_options o = { .files = { .ca = f->ca, .crl = f->crl },
		.look_ms = f->look_ms,
		.cb = on_trust,
		.arg = f };

	assert_int_equal(trust_open(&f->trust, &f->loop, &o), 0);
	assert_int_equal(f->n_calls, 0);
	assert_null(trust_conf(f->trust));
}

static void tear_down(struct fix *f)
{
	t_loop_close(&f->loop);
	t_rmdir(f->dir);
}

static void close_and_tear_down(struct fix *f)
{
	int before = f->n_calls;

	trust_close(f->trust);
	trust_close(f->trust); /* harmless */
	tear_down(f);
	assert_int_equal(f->n_calls, before);
}

static void expect_event(struct fix *f, enum trust_event ev, const char *error)
{
	f->called = false;
	t_run_until(&f->loop, &f->called, TURNS_MAX);
	if (f->ev != ev || strstr(f->report.error, error) == NULL)
		fail_msg("event %d, \"%s\"", (int)f->ev, f->report.error);
}

/*
 * So many whole looks without a word.  One look takes at most a turn for its
 * timer and one for its thread, and UV_RUN_ONCE waits for something to do.
 */
static void expect_quiet(struct fix *f, int looks)
{
	int before = f->n_calls;

	for (int i = 0; i < 2 * looks; i++)
		uv_run(&f->loop, UV_RUN_ONCE);
	assert_int_equal(f->n_calls, before);
}

static void set_up_loaded(struct fix *f)
{
	set_up(f);
	put(f, "ca.pem", "ca.pem");
	put(f, "crl.pem", "crl.pem");
	start(f);
	expect_event(f, TRUST_LOADED, "");
}

/* --- loading and reloading ------------------------------------------------ */

static void test_loads_at_once(void **state)
{
	struct fix f;

	(void)state;
	set_up(&f);
	put(&f, "ca.pem", "ca.pem");
	put(&f, "crl.pem", "crl-expired.pem");
	start(&f);
	expect_event(&f, TRUST_LOADED, "");
	assert_int_equal(f.report.n_notes, 1);
	assert_non_null(trust_conf(f.trust));
	expect_quiet(&f, 10);
	close_and_tear_down(&f);
}

static void test_absent_then_there(void **state)
{
	struct fix f;

	(void)state;
	set_up(&f);
	start(&f);
	expect_event(&f, TRUST_WAITING, "ca.pem: no such file");
	assert_null(trust_conf(f.trust));
	expect_quiet(&f, 10); /* said once */
	put(&f, "ca.pem", "ca.pem");
	expect_event(&f, TRUST_WAITING, "crl.pem: no such file");
	put(&f, "crl.pem", "crl.pem");
	expect_event(&f, TRUST_LOADED, "");
	assert_non_null(trust_conf(f.trust));
	close_and_tear_down(&f);
}

/* (Files of other sizes: the clock of a file system may be a coarse one.) */
static void test_change_swaps(void **state)
{
	struct tlsconf *old;
	char fresh[80];
	struct fix f;

	(void)state;
	set_up_loaded(&f);
	old = tlsconf_ref(trust_conf(f.trust)); /* a session that still runs */
	put(&f, "crl.pem", "crl-other-only.pem");
	expect_event(&f, TRUST_LOADED, "");
	assert_int_equal(f.report.n_notes, 1);
	assert_ptr_not_equal(trust_conf(f.trust), old);
	assert_non_null(tlsconf_ssl(old));
	tlsconf_unref(old);
	expect_quiet(&f, 10);
	/* The same bytes in another file, as rename() leaves them. */
	snprintf(fresh, sizeof(fresh), "%s/new", f.dir);
	put(&f, "new", "crl-other-only.pem");
	assert_int_equal(rename(fresh, f.crl), 0);
	expect_event(&f, TRUST_LOADED, "");
	close_and_tear_down(&f);
}

static void test_half_written(void **state)
{
	struct tlsconf *old;
	struct fix f;

	(void)state;
	set_up(&f);
	put_part(&f, "ca.pem", "ca.pem", 2);
	put(&f, "crl.pem", "crl.pem");
	start(&f);
	expect_event(&f, TRUST_WAITING, "is somebody writing it?");
	put(&f, "ca.pem", "ca.pem");
	expect_event(&f, TRUST_LOADED, "");
	old = trust_conf(f.trust);
	put_part(&f, "crl.pem", "crl.pem", 2);
	expect_event(&f, TRUST_KEPT, "is somebody writing it?");
	assert_ptr_equal(trust_conf(f.trust), old);
	expect_quiet(&f, 10);
	put(&f, "crl.pem", "crl.pem");
	expect_event(&f, TRUST_LOADED, "");
	close_and_tear_down(&f);
}

static void test_disappearing_keeps_the_old(void **state)
{
	struct tlsconf *old;
	struct fix f;

	(void)state;
	set_up_loaded(&f);
	old = trust_conf(f.trust);
	assert_int_equal(unlink(f.ca), 0);
	expect_event(&f, TRUST_KEPT, "ca.pem: no such file");
	assert_ptr_equal(trust_conf(f.trust), old);
	expect_quiet(&f, 10);
	/* Another complaint is said, and the first one again after it. */
	assert_int_equal(unlink(f.crl), 0);
	put(&f, "ca.pem", "ca.pem");
	expect_event(&f, TRUST_KEPT, "crl.pem: no such file");
	assert_int_equal(unlink(f.ca), 0);
	expect_event(&f, TRUST_KEPT, "ca.pem: no such file");
	put(&f, "ca.pem", "ca.pem");
	put(&f, "crl.pem", "crl.pem");
	expect_event(&f, TRUST_LOADED, "");
	close_and_tear_down(&f);
}

/* --- looking on demand ---------------------------------------------------- */

/* With the timer an hour away, every look is one of ours. */
static void test_two_looks_for_a_change(void **state)
{
	struct fix f;

	(void)state;
	set_up(&f);
	f.look_ms = 3600 * 1000;
	put(&f, "ca.pem", "ca.pem");
	put(&f, "crl.pem", "crl.pem");
	start(&f);
	expect_event(&f, TRUST_LOADED, "");

	put(&f, "crl.pem", "crl-revoked.pem");
	trust_look(f.trust);
	uv_run(&f.loop, UV_RUN_ONCE);
	assert_int_equal(f.n_calls, 1);
	put(&f, "crl.pem", "crl-other-only.pem"); /* changed again */
	trust_look(f.trust);
	uv_run(&f.loop, UV_RUN_ONCE);
	assert_int_equal(f.n_calls, 1);
	trust_look(f.trust);
	expect_event(&f, TRUST_LOADED, "");
	assert_int_equal(f.n_calls, 2);

	/* A look asked for during a look comes after it. */
	put(&f, "crl.pem", "crl.pem");
	trust_look(f.trust);
	trust_look(f.trust);
	trust_look(f.trust);
	expect_event(&f, TRUST_LOADED, "");
	assert_int_equal(f.n_calls, 3);
	close_and_tear_down(&f);
}

static void test_look_from_the_callback(void **state)
{
	struct fix f;

	(void)state;
	set_up(&f);
	put(&f, "ca.pem", "ca.pem");
	put(&f, "crl.pem", "crl.pem");
	f.look_in_callback = true;
	start(&f);
	expect_event(&f, TRUST_LOADED, "");
	expect_quiet(&f, 10);
	put(&f, "crl.pem", "crl-other-only.pem");
	expect_event(&f, TRUST_LOADED, "");
	close_and_tear_down(&f);
}

/* --- the end -------------------------------------------------------------- */

static void test_close_from_the_callback(void **state)
{
	struct fix f;

	(void)state;
	for (int look = 0; look < 2; look++) {
		set_up(&f);
		f.close_in_callback = true;
		f.look_in_callback = look == 1;
		start(&f);
		expect_event(&f, TRUST_WAITING, "no such file");
		tear_down(&f);
		assert_int_equal(f.n_calls, 1);
	}
}

static void test_close_sweep(void **state)
{
	struct fix f;

	(void)state;
	for (int turns = 0; turns < 12; turns++) {
		set_up(&f);
		put(&f, "ca.pem", "ca.pem");
		put(&f, "crl.pem", "crl.pem");
		start(&f);
		for (int i = 0; i < turns; i++) {
			uv_run(&f.loop, UV_RUN_ONCE);
			if (i == 4)
				put(&f, "crl.pem", "crl-expired.pem");
		}
		close_and_tear_down(&f);
	}
}

static void do_nothing(uv_work_t *req)
{
	(void)req;
}

/* A look is over; the loop has not heard. */
static void test_close_before_the_loop_hears(void **state)
{
	struct pollfd heard;
	uv_work_t first;
	struct fix f;

	(void)state;
	set_up(&f); /* without a first turn the loop watches nothing yet */
	uv_queue_work(&f.loop, &first, do_nothing, NULL);
	uv_run(&f.loop, UV_RUN_DEFAULT);
	start(&f);
	heard = (struct pollfd){ .fd = uv_backend_fd(&f.loop),
		.events = POLLIN };
	assert_int_equal(poll(&heard, 1, 10000), 1);
	close_and_tear_down(&f);
}

/* With every thread of the pool taken, the look is cancelled unstarted. */
static void test_close_before_a_thread_is_free(void **state)
{
	struct t_pool pool;
	struct fix f;

	(void)state;
	set_up(&f);
	t_pool_hold(&pool, &f.loop);
	start(&f);
	trust_close(f.trust);
	t_pool_let_go(&pool);
	tear_down(&f);
	assert_int_equal(f.n_calls, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_loads_at_once),
		cmocka_unit_test(test_absent_then_there),
		cmocka_unit_test(test_change_swaps),
		cmocka_unit_test(test_half_written),
		cmocka_unit_test(test_disappearing_keeps_the_old),
		cmocka_unit_test(test_two_looks_for_a_change),
		cmocka_unit_test(test_look_from_the_callback),
		cmocka_unit_test(test_close_from_the_callback),
		cmocka_unit_test(test_close_sweep),
		cmocka_unit_test(test_close_before_the_loop_hears),
		cmocka_unit_test(test_close_before_a_thread_is_free),
	};
	int rc;

	if (tlsconf_global_init() != 0)
		return 1;
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	tlsconf_global_free();
	return rc;
}
