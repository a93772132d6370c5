/*
 * What is kept of a server that leaves, while memory fails: what it was, or
 * what it is to be.
 */
#include "t.h"

#include <stdio.h>
#include <stdlib.h>

#include "afile.h"
#include "failing.h"
#include "store.h"

struct scene {
	char *dir;
	struct statefile_server was, is, other;
};

static const struct orders drained = { .state = { .kind = ORDER_DRAIN,
					       .who = "alice" } },
			   down = { .state = { .kind = ORDER_DOWN,
					    .who = "bob" } };

static void add_poller(struct pollers *p, const char *host)
{
	struct poller was = { .interval_ms = 1000, .taken = true };

	addr_host_parse(&was.host, host);
	pollers_restore(p, &was);
}

static void check_file(const struct scene *s, struct store *store,
	const struct statefile_server *expected, size_t n)
{
	char path[300], *text = statefile_encode(expected, n);
	size_t len;
	char *found;

	store_write_last(store, NULL, 0);
	snprintf(path, sizeof(path), "%s/state.json", s->dir);
	assert_int_equal(afile_read(path, STATEFILE_MAX, &found, &len), 0);
	assert_string_equal(found, text);
	assert_int_equal(remove(path), 0);
	free(found);
	free(text);
}

static void remember(void *arg)
{
	const struct scene *s = arg;
	struct statefile_server kept[2];
	struct store *store;
	uv_loop_t loop;
	int rc, other_rc;

	uv_loop_init(&loop);
	assert_int_equal(store_open(&store, &loop, s->dir), 0);
	assert_int_equal(store_remember(store, &s->was), 0);
	failing_begin();
	rc = store_remember(store, &s->is);
	other_rc = store_remember(store, &s->other);
	failing_end();
	assert_true((rc == 0 && other_rc == 0) || failing_so_far() > 0);
	kept[0] = rc == 0 ? s->is : s->was;
	kept[1] = s->other;
	check_file(s, store, kept, other_rc == 0 ? 2 : 1);
	store_close(store);
	t_loop_close(&loop);
}

static void test_remember(void **state)
{
	struct pollers two = { .ended_s = 70 }, three = { .ended_s = 80 };
	struct scene s = { .dir = t_mkdir(),
		.was = { "a", &drained, &two },
		.is = { "a", &down, &three },
		.other = { "b", &down, &three } };

	(void)state;
	add_poller(&two, "192.0.2.1");
	add_poller(&two, "2001:db8::1");
	add_poller(&three, "192.0.2.1");
	add_poller(&three, "192.0.2.2");
	add_poller(&three, "192.0.2.3");
	failing_sweep("store_remember", remember, &s, FAILING_ALL, 1);
	pollers_free(&two);
	pollers_free(&three);
	t_rmdir(s.dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_remember),
	};

	return cmocka_run_group_tests_name("faults_store", tests, NULL, NULL);
}
