#include "t.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "afile.h"

static char *path_in(const char *dir, const char *name)
{
	size_t size = strlen(dir) + strlen(name) + 2;
	char *path = malloc(size);

	snprintf(path, size, "%s/%s", dir, name);
	return path;
}

static void expect(const char *path, const char *content)
{
	char *text;
	size_t len;

	assert_int_equal(afile_read(path, 1000, &text, &len), 0);
	assert_int_equal(len, strlen(content));
	assert_string_equal(text, content);
	free(text);
}

static void is_replaced_whole(void **state)
{
	char *dir = t_mkdir(), *path = path_in(dir, "state");
	struct stat st;

	(void)state;
	assert_int_equal(afile_replace(path, "first", 5), 0);
	expect(path, "first");
	assert_int_equal(afile_replace(path, "2nd", 3), 0);
	expect(path, "2nd");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	free(path);
	t_rmdir(dir);
}

/* The folder's place is taken by a file: root can't write there either. */
static void what_fails_leaves_nothing(void **state)
{
	char *dir = t_mkdir(), *file = t_write(dir, "f", "x", 1);
	char *below = path_in(file, "state"), *folder = path_in(dir, "d");
	char *fresh = path_in(dir, "d.new");
	char *text;
	struct stat st;
	size_t len;

	(void)state;
	assert_int_equal(afile_replace(below, "x", 1), UV_ENOTDIR);
	assert_int_equal(mkdir(folder, 0700), 0);
	assert_int_not_equal(afile_replace(folder, "x", 1), 0);
	assert_int_not_equal(stat(fresh, &st), 0);
	assert_int_equal(afile_read(folder, 10, &text, &len), UV_EFBIG);
	assert_int_equal(afile_read(below, 10, &text, &len), UV_ENOTDIR);
	assert_int_equal(afile_read(file, 0, &text, &len), UV_EFBIG);
	free(below);
	free(folder);
	free(fresh);
	free(file);
	t_rmdir(dir);
}

static void expect_nothing(const char *path)
{
	struct stat st;

	assert_int_not_equal(lstat(path, &st), 0);
}

/* The disk is full: the old content stays, and no part of the new. */
static void a_full_disk(void **state)
{
	char *dir = t_mkdir(), *path = path_in(dir, "state");
	char *fresh = path_in(dir, "state.new");

	(void)state;
	assert_int_equal(afile_replace(path, "old", 3), 0);
	assert_int_equal(symlink("/dev/full", fresh), 0);
	assert_int_equal(afile_replace(path, "new", 3), UV_ENOSPC);
	expect(path, "old");
	expect_nothing(fresh);
	assert_int_equal(afile_replace(path, "new", 3), 0);
	expect(path, "new");
	free(path);
	free(fresh);
	t_rmdir(dir);
}

/* What a crash has left half written is in nobody's way. */
static void an_old_temporary_file(void **state)
{
	char *dir = t_mkdir(), *path = path_in(dir, "state");
	char *fresh = t_write(dir, "state.new", "much longer", 11);

	(void)state;
	assert_int_equal(afile_replace(path, "new", 3), 0);
	expect(path, "new");
	expect_nothing(fresh);
	free(path);
	free(fresh);
	t_rmdir(dir);
}

static void any_size_and_bytes(void **state)
{
	enum { SIZE = 300000 };
	char *dir = t_mkdir(), *path = path_in(dir, "state");
	char *data = malloc(SIZE), *text;
	size_t len;

	(void)state;
	for (size_t i = 0; i < SIZE; i++)
		data[i] = (char)(i * 31 + i / 256);
	assert_int_equal(afile_replace(path, data, SIZE), 0);
	assert_int_equal(afile_read(path, SIZE - 1, &text, &len), UV_EFBIG);
	assert_int_equal(afile_read(path, SIZE, &text, &len), 0);
	assert_int_equal(len, SIZE);
	assert_memory_equal(text, data, SIZE);
	assert_int_equal(text[SIZE], '\0');
	free(text);
	assert_int_equal(afile_replace(path, "", 0), 0);
	expect(path, "");
	free(data);
	free(path);
	t_rmdir(dir);
}

static void what_can_not_be_read(void **state)
{
	char *dir = t_mkdir(), *path = path_in(dir, "x"), *text = NULL;
	size_t len = 7;

	(void)state;
	assert_int_equal(afile_read(path, 10, &text, &len), UV_ENOENT);
	/* Nobody writes there, and nobody is waited for. */
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(afile_read(path, 10, &text, &len), UV_EFBIG);
	assert_null(text);
	assert_int_equal(len, 7);
	free(path);
	t_rmdir(dir);
}

static void a_path_too_long(void **state)
{
	char path[5000];

	(void)state;
	memset(path, 'a', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(afile_replace(path, "x", 1), UV_ENAMETOOLONG);
}

struct fix {
	bool done;
	int status;
};

static void on_written(void *arg, int status)
{
	struct fix *f = arg;

	f->done = true;
	f->status = status;
}

static void off_the_loop(void **state)
{
	char *dir = t_mkdir(), *path = path_in(dir, "state");
	struct fix f = { .done = false };
	struct afile_write *w;
	uv_loop_t loop;

	(void)state;
	uv_loop_init(&loop);
	assert_int_equal(
		afile_start(&w, &loop, path, "text", 4, on_written, &f), 0);
	assert_false(f.done);
	t_run_until(&loop, &f.done, 10);
	assert_int_equal(f.status, 0);
	expect(path, "text");
	f.done = false;
	assert_int_equal(
		afile_start(&w, &loop, path, "more", 4, on_written, &f), 0);
	afile_abandon(w);
	t_loop_close(&loop);
	assert_false(f.done);
	expect(path, "more");
	free(path);
	t_rmdir(dir);
}

static void a_failure_off_the_loop(void **state)
{
	char *dir = t_mkdir(), *path = path_in(dir, "none/state");
	char data[] = "text";
	struct fix f = { .done = false };
	struct afile_write *w;
	uv_loop_t loop;

	(void)state;
	uv_loop_init(&loop);
	assert_int_equal(
		afile_start(&w, &loop, path, data, 4, on_written, &f), 0);
	t_run_until(&loop, &f.done, 10);
	assert_int_equal(f.status, UV_ENOENT);
	f.done = false;
	path[strlen(dir) + 5] = '-'; /* "none-state" */
	assert_int_equal(
		afile_start(&w, &loop, path, data, 4, on_written, &f), 0);
	memset(data, 'x', 4); /* it has a copy */
	t_run_until(&loop, &f.done, 10);
	assert_int_equal(f.status, 0);
	expect(path, "text");
	t_loop_close(&loop);
	free(path);
	t_rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_replaced_whole),
		cmocka_unit_test(what_fails_leaves_nothing),
		cmocka_unit_test(a_full_disk),
		cmocka_unit_test(an_old_temporary_file),
		cmocka_unit_test(any_size_and_bytes),
		cmocka_unit_test(what_can_not_be_read),
		cmocka_unit_test(a_path_too_long),
		cmocka_unit_test(off_the_loop),
		cmocka_unit_test(a_failure_off_the_loop),
	};

	return cmocka_run_group_tests_name("afile", tests, NULL, NULL);
}
