#include "t.h"

#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void t_run_until(uv_loop_t *loop, const bool *done, int max)
{
	while (!*done && max-- > 0)
		uv_run(loop, UV_RUN_ONCE);
	if (!*done)
		fail_msg("the loop did not get there");
}

void t_loop_close(uv_loop_t *loop)
{
	int rc;

	uv_run(loop, UV_RUN_DEFAULT);
	rc = uv_loop_close(loop);
	if (rc != 0) {
		uv_print_all_handles(loop, stderr);
		fail_msg("uv_loop_close: %s", uv_err_name(rc));
	}
}

static void wait_for_go(uv_work_t *work)
{
	struct t_pool *p = work->data;

	uv_sem_wait(&p->go);
}

static void on_gone(uv_work_t *work, int status)
{
	struct t_pool *p = work->data;

	assert_int_equal(status, 0);
	if (--p->busy == 0)
		uv_sem_destroy(&p->go);
}

void t_pool_hold(struct t_pool *p, uv_loop_t *loop)
{
	assert_int_equal(uv_sem_init(&p->go, 0), 0);
	for (p->busy = 0; p->busy < T_POOL_MAX; p->busy++) {
		uv_work_t *work = &p->work[p->busy];

		work->data = p;
		uv_queue_work(loop, work, wait_for_go, on_gone);
	}
}

void t_pool_let_go(struct t_pool *p)
{
	for (int i = 0; i < T_POOL_MAX; i++)
		uv_sem_post(&p->go);
}

char *t_fixture(const char *name, size_t *len)
{
	char path[512];
	char *text;
	long size;
	FILE *f;

	snprintf(path, sizeof(path), "tests/fixtures/%s", name);
	f = fopen(path, "rb");
	if (f == NULL)
		fail_msg("%s: not there; run tests from the top folder", path);
	fseek(f, 0, SEEK_END);
	size = ftell(f);
	rewind(f);
	text = malloc((size_t)size + 1);
	*len = fread(text, 1, (size_t)size, f);
	text[*len] = '\0';
	fclose(f);
	return text;
}

char *t_mkdir(void)
{
	static const char name[] = "/usher-test-XXXXXX";
	size_t len = PATH_MAX;
	char *path = malloc(PATH_MAX + sizeof(name));

	assert_non_null(path);
	assert_int_equal(uv_os_tmpdir(path, &len), 0);
	memcpy(path + len, name, sizeof(name));
	if (mkdtemp(path) == NULL)
		fail_msg("mkdtemp %s: %s", path, strerror(errno));
	return path;
}

static int remove_one(
	const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

void t_rmdir(char *path)
{
	nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	free(path);
}

char *t_write(const char *dir, const char *name, const char *text, size_t len)
{
	size_t size = strlen(dir) + strlen(name) + 2;
	char *path = malloc(size);
	FILE *f;

	snprintf(path, size, "%s/%s", dir, name);
	f = fopen(path, "wb");
	if (f == NULL || fwrite(text, 1, len, f) != len)
		fail_msg("%s: can't write", path);
	fclose(f);
	return path;
}
