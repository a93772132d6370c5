#ifndef T_H
#define T_H

/*
 * What unit tests share, on top of cmocka: stepping a loop to a condition, and
 * libuv as the oracle for handles left open.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <uv.h>

/* How many elements an array has. */
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* Runs the loop until `*done`, at most `max` turns. */
void t_run_until(uv_loop_t *loop, const bool *done, int max);

/* Runs what is left, then uv_loop_close() must be content. */
void t_loop_close(uv_loop_t *loop);

/* Keeps all threads of libuv's pool busy, until t_pool_let_go(). */
enum { T_POOL_MAX = 128 };
struct t_pool {
	uv_work_t work[T_POOL_MAX];
	uv_sem_t go;
	int busy;
};
void t_pool_hold(struct t_pool *p, uv_loop_t *loop);
/* Then the loop must run once more, until all have gone. */
void t_pool_let_go(struct t_pool *p);

/* A file of tests/fixtures, whole; the caller frees it. */
char *t_fixture(const char *name, size_t *len);

/* A name of a new folder; t_rmdir() removes it with all that is in it. */
char *t_mkdir(void);
void t_rmdir(char *path);

/* Writes a file into `dir` and returns its path; the caller frees it. */
char *t_write(const char *dir, const char *name, const char *text, size_t len);

#endif
