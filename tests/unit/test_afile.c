#include "t.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_replaced_whole),
		cmocka_unit_test(what_fails_leaves_nothing),
		cmocka_unit_test(off_the_loop),
	};

	return cmocka_run_group_tests_name("afile", tests, NULL, NULL);
}
