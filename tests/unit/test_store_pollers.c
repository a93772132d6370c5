/* Pollers on disk: who has been told what outlives usherd. */
#include "t.h"

#include <stdio.h>
#include <stdlib.h>

#include "log.h"
#include "store.h"

struct fix {
	uv_loop_t loop;
	char *dir;
	char path[300];
	struct store *store;
	bool done;
	int status;
};

static const struct orders none,
	drained = { .state = { .kind = ORDER_DRAIN,
			    .who = "alice",
			    .why = "disk",
			    .since_s = 5 } };

static const struct pollers nobody;

/* One HAProxy is owed `ready`, another one is not. */
static struct pollers debts(void)
{
	struct poller p = { .last_s = 90,
		.interval_ms = 1000,
		.longest_ms = 1500,
		.told = ANSWER_DRAIN,
		.taken = true,
		.sure = true };
	struct pollers all = { .ended_s = 70 };

	addr_host_parse(&p.host, "192.0.2.1");
	pollers_restore(&all, &p);
	p.taken = p.sure = false;
	p.told = ANSWER_IN;
	addr_host_parse(&p.host, "2001:db8::1");
	pollers_restore(&all, &p);
	return all;
}

static void on_changed(void *arg)
{
	(void)arg;
}

static void on_closed(void *owner)
{
	(void)owner;
}

/* What a server of this name gets.  The caller frees the pollers. */
static struct orders found_for(
	struct fix *f, const char *name, struct pollers *pollers)
{
	static const struct standing_rules rules = {
		.health = { .rise = 1, .fall = 1 }, .weight = { .min = 1 }
	};
	const struct standing_options options = { .loop = &f->loop,
		.changed = on_changed };
	struct standing s;
	struct orders orders;

	standing_open(&s, &options, name, &rules);
	store_restore(f->store, name, &s);
	orders = *standing_orders(&s);
	memset(pollers, 0, sizeof(*pollers));
	assert_int_equal(pollers_copy(pollers, standing_pollers(&s)), 0);
	standing_close(&s, on_closed, NULL);
	uv_run(&f->loop, UV_RUN_NOWAIT);
	return orders;
}

static void expect_debts(struct fix *f, const char *name)
{
	struct pollers expected = debts(), found;

	found_for(f, name, &found);
	assert_int_equal(found.n, expected.n);
	assert_memory_equal(
		found.list, expected.list, expected.n * sizeof(*expected.list));
	assert_int_equal(found.ended_s, expected.ended_s);
	pollers_free(&found);
	pollers_free(&expected);
}

static void expect_nobody(struct fix *f, const char *name)
{
	struct pollers found;

	found_for(f, name, &found);
	assert_int_equal(found.n, 0);
	assert_int_equal(found.ended_s, 0);
	pollers_free(&found);
}

static void open_store(struct fix *f)
{
	uv_loop_init(&f->loop);
	assert_int_equal(store_open(&f->store, &f->loop, f->path), 0);
}

static void close_store(struct fix *f)
{
	store_close(f->store);
	t_loop_close(&f->loop);
}

static void reopen_store(struct fix *f)
{
	close_store(f);
	open_store(f);
}

static void open_fix(struct fix *f, const char *folder)
{
	memset(f, 0, sizeof(*f));
	f->dir = t_mkdir();
	snprintf(f->path, sizeof(f->path), "%s/%s", f->dir, folder);
}

static void close_fix(struct fix *f)
{
	close_store(f);
	t_rmdir(f->dir);
}

static void on_written(void *arg, int status)
{
	struct fix *f = arg;

	f->done = true;
	f->status = status;
}

static void write_one(struct fix *f, const struct statefile_server *server)
{
	f->done = false;
	store_forget(f->store, server->name);
	assert_int_equal(store_write(f->store, server, 1, on_written, f), 0);
	t_run_until(&f->loop, &f->done, 10);
	assert_int_equal(f->status, 0);
}

/* Who has been told what, over a restart, and with no orders at all. */
static void pollers_are_there_after_a_restart(void **state)
{
	struct pollers told = debts();
	const struct statefile_server a = { "a", &none, &told };
	struct fix f;

	(void)state;
	open_fix(&f, "made");
	open_store(&f);
	expect_nobody(&f, "a");
	write_one(&f, &a);
	reopen_store(&f);
	expect_debts(&f, "a");
	expect_nobody(&f, "b");
	store_write_last(f.store, &a, 1);
	reopen_store(&f);
	expect_debts(&f, "a");
	close_fix(&f);
	pollers_free(&told);
}

/* A server that is not in the configuration now keeps its own. */
static void absent_servers_keep_their_pollers(void **state)
{
	struct pollers told = debts(), found;
	const struct statefile_server a = { "a", &none, &told };
	const struct statefile_server b = { "b", &drained, &nobody };
	struct fix f;

	(void)state;
	open_fix(&f, "made");
	open_store(&f);
	write_one(&f, &a);
	for (int i = 0; i < 2; i++) {
		reopen_store(&f);
		write_one(&f, &b);
		expect_debts(&f, "a");
	}
	/* And one that has left since the start. */
	store_remember(f.store, &a);
	write_one(&f, &b);
	reopen_store(&f);
	expect_debts(&f, "a");
	assert_int_equal(found_for(&f, "b", &found).state.kind, ORDER_DRAIN);
	pollers_free(&found);
	close_fix(&f);
	pollers_free(&told);
}

/* Orders for an absent server leave its pollers alone. */
static void remembered_without_pollers(void **state)
{
	struct pollers told = debts(), found;
	const struct statefile_server a = { "a", &none, &told };
	struct orders down = drained;
	const struct statefile_server orders_alone = { .name = "a",
		.orders = &down };
	struct fix f;

	(void)state;
	down.state.kind = ORDER_DOWN;
	open_fix(&f, "made");
	open_store(&f);
	store_remember(f.store, &a);
	store_remember(f.store, &orders_alone);
	expect_debts(&f, "a");
	assert_int_equal(found_for(&f, "a", &found).state.kind, ORDER_DOWN);
	pollers_free(&found);
	close_fix(&f);
	pollers_free(&told);
}

/* Who polled is not known: anybody who comes may have been told to drain. */
static void a_damaged_file_makes_all_owed(void **state)
{
	struct pollers found;
	struct fix f;

	(void)state;
	open_fix(&f, ".");
	open_store(&f);
	expect_nobody(&f, "a");
	close_store(&f);
	free(t_write(f.dir, "state.json", "{", 1));
	open_store(&f);
	found_for(&f, "a", &found);
	assert_true(found.ended_s > 0);
	pollers_free(&found);
	close_fix(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pollers_are_there_after_a_restart),
		cmocka_unit_test(absent_servers_keep_their_pollers),
		cmocka_unit_test(remembered_without_pollers),
		cmocka_unit_test(a_damaged_file_makes_all_owed),
	};

	log_set_level(LOG_ERROR);
	return cmocka_run_group_tests_name("store pollers", tests, NULL, NULL);
}
