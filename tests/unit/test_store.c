#include "t.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

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

static const struct orders drained = { .state = { .kind = ORDER_DRAIN,
					       .who = "alice",
					       .why = "disk",
					       .since_s = 5 } };

static const struct pollers nobody;

static void on_changed(void *arg)
{
	(void)arg;
}

static void on_closed(void *owner)
{
	(void)owner;
}

/* What a server of this name gets. */
static struct orders found_for(struct fix *f, const char *name)
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
	standing_close(&s, on_closed, NULL);
	uv_run(&f->loop, UV_RUN_NOWAIT);
	return orders;
}

static void remember(
	struct fix *f, const char *name, const struct orders *orders)
{
	const struct statefile_server s = { .name = name, .orders = orders };

	assert_int_equal(store_remember(f->store, &s), 0);
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

static void open_fix(struct fix *f, const char *folder)
{
	memset(f, 0, sizeof(*f));
	f->dir = t_mkdir();
	snprintf(f->path, sizeof(f->path), "%s/%s", f->dir, folder);
}

static void on_written(void *arg, int status)
{
	struct fix *f = arg;

	f->done = true;
	f->status = status;
}

static int write_drained(struct fix *f)
{
	const struct statefile_server servers[] = { { "a", &drained,
		&nobody } };

	f->done = false;
	assert_int_equal(store_write(f->store, servers, 1, on_written, f), 0);
	assert_int_equal(store_state(f->store), STORE_WRITING);
	t_run_until(&f->loop, &f->done, 10);
	assert_int_equal(store_state(f->store), STORE_IDLE);
	return f->status;
}

static void is_there_after_a_restart(void **state)
{
	struct orders found;
	struct fix f;

	(void)state;
	open_fix(&f, "made");
	open_store(&f);
	assert_string_equal(store_problem(f.store), "");
	assert_int_equal(write_drained(&f), 0);
	close_store(&f);
	open_store(&f);
	found = found_for(&f, "a");
	assert_true(order_same(&found.state, &drained.state));
	found = found_for(&f, "b");
	assert_int_equal(found.state.kind, ORDER_NONE);
	close_store(&f);
	t_rmdir(f.dir);
}

static void what_is_damaged_is_kept_aside(void **state)
{
	char bad[400];
	struct stat st;
	struct fix f;

	(void)state;
	open_fix(&f, ".");
	free(t_write(f.dir, "state.json", "{ \"version\": 1,", 15));
	open_store(&f);
	assert_non_null(strstr(store_problem(f.store), "was damaged"));
	snprintf(bad, sizeof(bad), "%s/state.json.bad", f.dir);
	assert_int_equal(stat(bad, &st), 0);
	assert_int_equal(write_drained(&f), 0);
	close_store(&f);
	t_rmdir(f.dir);
}

/* A file in the folder's place: nothing can be written, and nothing is lost */
static void a_folder_that_can_not_be_used(void **state)
{
	struct fix f;

	(void)state;
	open_fix(&f, "file");
	free(t_write(f.dir, "file", "x", 1));
	open_store(&f);
	assert_non_null(strstr(store_problem(f.store), "can't be read"));
	assert_int_equal(write_drained(&f), UV_ENOTDIR);
	close_store(&f);
	t_rmdir(f.dir);
}

/* Only the last folder is made; who looks at the status has to know. */
static void a_folder_that_can_not_be_made(void **state)
{
	char *above;
	struct fix f;

	(void)state;
	open_fix(&f, "a/b");
	open_store(&f);
	assert_non_null(strstr(store_problem(f.store), "can't be made"));
	assert_int_equal(write_drained(&f), UV_ENOENT);
	above = strrchr(f.path, '/');
	*above = '\0';
	assert_int_equal(mkdir(f.path, 0700), 0);
	*above = '/';
	close_store(&f);
	open_store(&f);
	assert_string_equal(store_problem(f.store), "");
	assert_int_equal(write_drained(&f), 0);
	close_store(&f);
	t_rmdir(f.dir);
}

/* What is no file is put aside too. */
static void a_folder_in_the_place_of_the_file(void **state)
{
	char path[400];
	struct fix f;

	(void)state;
	open_fix(&f, ".");
	snprintf(path, sizeof(path), "%s/state.json", f.dir);
	assert_int_equal(mkdir(path, 0700), 0);
	open_store(&f);
	assert_non_null(strstr(store_problem(f.store), "no regular file"));
	assert_int_equal(write_drained(&f), 0);
	close_store(&f);
	t_rmdir(f.dir);
}

/* Nothing is written over what people must look at. */
static void neither_read_nor_put_aside(void **state)
{
	const struct statefile_server a = { "a", &drained, &nobody };
	char bad[400], path[400], text[2];
	struct fix f;
	FILE *file;

	(void)state;
	open_fix(&f, ".");
	snprintf(bad, sizeof(bad), "%s/state.json.bad", f.dir);
	snprintf(path, sizeof(path), "%s/state.json", f.dir);
	assert_int_equal(mkdir(bad, 0700), 0);
	free(t_write(f.dir, "state.json", "{", 1));
	open_store(&f);
	assert_non_null(strstr(store_problem(f.store), "kept where it is"));
	assert_int_equal(
		store_write(f.store, &a, 1, on_written, &f), UV_EACCES);
	assert_int_equal(store_state(f.store), STORE_IDLE);
	store_write_last(f.store, &a, 1);
	close_store(&f);
	assert_false(f.done);
	file = fopen(path, "r");
	assert_non_null(file);
	assert_int_equal(fread(text, 1, sizeof(text), file), 1);
	assert_int_equal(text[0], '{');
	fclose(file);
	t_rmdir(f.dir);
}

/* A piece of the file stands in the sentence, which goes into a log line. */
static void the_problem_is_text(void **state)
{
	static const char damage[] = "{ \"version\": \"\xc3\x1b[31m";
	const char *problem;
	struct fix f;

	(void)state;
	open_fix(&f, ".");
	free(t_write(f.dir, "state.json", damage, sizeof(damage) - 1));
	open_store(&f);
	problem = store_problem(f.store);
	assert_non_null(strstr(problem, "was damaged"));
	for (; *problem != '\0'; problem++)
		assert_true(
			*problem >= ' ' && *problem <= '~' && *problem != '"');
	close_store(&f);
	t_rmdir(f.dir);
}

static void what_is_remembered(void **state)
{
	struct orders found;
	struct fix f;

	(void)state;
	open_fix(&f, "made");
	open_store(&f);
	remember(&f, "a", &drained);
	found = found_for(&f, "a");
	assert_true(order_same(&found.state, &drained.state));
	found.state.kind = ORDER_MAINT;
	remember(&f, "a", &found);
	found = found_for(&f, "a");
	assert_int_equal(found.state.kind, ORDER_MAINT);
	found = found_for(&f, "b");
	assert_int_equal(found.state.kind, ORDER_NONE);
	close_store(&f);
	t_rmdir(f.dir);
}

enum { LETTERS = 26 };

/* All letters, in an order that depends on the step. */
static const char *nth(int i, int step)
{
	static char name[2];

	name[0] = (char)('a' + i * step % LETTERS);
	return name;
}

/* Whatever the order in which servers come and go. */
static void what_is_forgotten(void **state)
{
	struct fix f;

	(void)state;
	open_fix(&f, "made");
	open_store(&f);
	for (int i = 0; i < LETTERS; i++)
		remember(&f, nth(i, 7), &drained);
	for (int i = 0; i < LETTERS; i++) {
		for (int j = 0; j < LETTERS; j++) {
			struct orders found = found_for(&f, nth(j, 5));

			assert_int_equal(found.state.kind,
				j < i ? ORDER_NONE : ORDER_DRAIN);
		}
		store_forget(f.store, nth(i, 5));
		store_forget(f.store, "nobody");
	}
	close_store(&f);
	t_rmdir(f.dir);
}

/* At each restart there is what was written last. */
static void again_and_again(void **state)
{
	struct fix f;

	(void)state;
	open_fix(&f, "made");
	for (int i = 1; i <= 20; i++) {
		struct orders orders = drained, found;
		const struct statefile_server servers[] = {
			{ "a", &orders, &nobody }, { "b", &drained, &nobody }
		};

		open_store(&f);
		found = found_for(&f, "a");
		assert_int_equal(found.state.since_s, i - 1);
		store_forget(f.store, "a");
		store_forget(f.store, "b");
		orders.state.since_s = i;
		f.done = false;
		assert_int_equal(
			store_write(f.store, servers, 2, on_written, &f), 0);
		t_run_until(&f.loop, &f.done, 10);
		assert_int_equal(f.status, 0);
		close_store(&f);
	}
	t_rmdir(f.dir);
}

static void closed_while_writing(void **state)
{
	const struct statefile_server servers[] = { { "a", &drained,
		&nobody } };
	struct fix f;

	(void)state;
	open_fix(&f, "made");
	open_store(&f);
	assert_int_equal(store_write(f.store, servers, 1, on_written, &f), 0);
	close_store(&f);
	assert_false(f.done);
	/* The loop has waited for it: it is there all the same. */
	open_store(&f);
	assert_int_equal(found_for(&f, "a").state.kind, ORDER_DRAIN);
	close_store(&f);
	t_rmdir(f.dir);
}

/* What is to be written last comes after the write under way. */
static void last_while_writing(void **state)
{
	struct orders maint = drained;
	const struct statefile_server servers[] = { { "a", &drained, &nobody },
		{ "a", &maint, &nobody } };
	struct fix f;

	(void)state;
	maint.state.kind = ORDER_MAINT;
	open_fix(&f, "made");
	open_store(&f);
	assert_int_equal(store_write(f.store, servers, 1, on_written, &f), 0);
	store_write_last(f.store, servers, 1);
	store_write_last(f.store, servers + 1, 1);
	close_store(&f);
	assert_false(f.done);
	open_store(&f);
	assert_int_equal(found_for(&f, "a").state.kind, ORDER_MAINT);
	close_store(&f);
	t_rmdir(f.dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_there_after_a_restart),
		cmocka_unit_test(what_is_damaged_is_kept_aside),
		cmocka_unit_test(a_folder_that_can_not_be_used),
		cmocka_unit_test(a_folder_that_can_not_be_made),
		cmocka_unit_test(a_folder_in_the_place_of_the_file),
		cmocka_unit_test(neither_read_nor_put_aside),
		cmocka_unit_test(the_problem_is_text),
		cmocka_unit_test(what_is_remembered),
		cmocka_unit_test(what_is_forgotten),
		cmocka_unit_test(again_and_again),
		cmocka_unit_test(closed_while_writing),
		cmocka_unit_test(last_while_writing),
	};

	log_set_level(LOG_ERROR);
	return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
