#include "t.h"

#include <dlfcn.h>
#include <errno.h>
#include <netdb.h>
#include <semaphore.h>
#include <stdlib.h>

#include "lookup.h"
#include "resolve.h"

/* --- the fixture ---------------------------------------------------------- */

enum { MANY = 40 };

struct fix {
	uv_loop_t loop;
	unsigned calls;
	int status;
	bool all_called, found, written;
	unsigned wanted;
};

static sem_t gate; /* of those that hang */
static int error;  /* of those that fail */

/* In place of the system's: names say what becomes of them. */
int getaddrinfo(const char *restrict host, const char *restrict port,
	const struct addrinfo *restrict hints, struct addrinfo **restrict found)
{
	struct addrinfo *ai;
	struct sockaddr_in *sin;

	(void)hints;
	if (strcmp(host, "hangs.invalid") == 0)
		sem_wait(&gate);
	if (strcmp(host, "fails.invalid") == 0) {
		errno = EMFILE;
		return error;
	}
	ai = calloc(1, sizeof(*ai) + sizeof(*sin));
	sin = (struct sockaddr_in *)(ai + 1);
	sin->sin_family = AF_INET;
	sin->sin_port = htons((uint16_t)atoi(port));
	ai->ai_addr = (struct sockaddr *)sin;
	ai->ai_addrlen = sizeof(*sin);
	*found = ai;
	return 0;
}

static bool no_threads;
static size_t stack; /* of the last one; 0: the usual */

int uv_thread_create_ex(uv_thread_t *thread, const uv_thread_options_t *options,
	uv_thread_cb entry, void *arg)
{
	__typeof__(&uv_thread_create_ex) real =
		(__typeof__(real))dlsym(RTLD_NEXT, "uv_thread_create_ex");

	stack = options->flags & UV_THREAD_HAS_STACK_SIZE ? options->stack_size
							  : 0;
	return no_threads ? UV_EAGAIN : real(thread, options, entry, arg);
}

static void on_found(void *arg, int status, struct addrinfo *found)
{
	struct fix *f = arg;

	f->status = status;
	f->found = found != NULL;
	f->all_called = ++f->calls == f->wanted;
	if (found != NULL)
		freeaddrinfo(found);
}

static void start(struct fix *f, unsigned wanted)
{
	*f = (struct fix){ .wanted = wanted };
	assert_int_equal(uv_loop_init(&f->loop), 0);
	assert_int_equal(sem_init(&gate, 0, 0), 0);
}

static struct lookup *look(struct fix *f, const char *host)
{
	struct lookup *l;

	assert_int_equal(
		lookup_start(&l, &f->loop, host, "8140", on_found, f), 0);
	assert_int_equal(f->calls, 0);
	return l;
}

static void on_awake(uv_timer_t *timer)
{
	uv_close((uv_handle_t *)timer, NULL);
}

/* What was left takes its time, and doesn't keep the loop awake. */
static void stop(struct fix *f)
{
	uv_timer_t awake;
	int patience = 10000;

	while (uv_loop_close(&f->loop) != 0 && patience-- > 0) {
		uv_timer_init(&f->loop, &awake);
		uv_timer_start(&awake, on_awake, 1, 0);
		uv_run(&f->loop, UV_RUN_DEFAULT);
	}
	assert_true(patience > 0);
	sem_destroy(&gate);
}

/* --- tests ---------------------------------------------------------------- */

static void test_what_it_says(void **state)
{
	static const struct {
		int error, status;
	} rows[] = {
		{ 0, 0 },
		{ EAI_AGAIN, UV_EAI_AGAIN },
		{ EAI_FAIL, UV_EAI_FAIL },
		{ EAI_FAMILY, UV_EAI_FAMILY },
		{ EAI_MEMORY, UV_EAI_MEMORY },
		{ EAI_NODATA, UV_EAI_NODATA },
		{ EAI_NONAME, UV_EAI_NONAME },
		{ EAI_SERVICE, UV_EAI_FAIL },
		{ EAI_SYSTEM, UV_EMFILE },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct fix f;

		start(&f, 1);
		error = rows[i].error;
		look(&f, error == 0 ? "is.invalid" : "fails.invalid");
		t_run_until(&f.loop, &f.all_called, 5000);
		assert_int_equal(f.status, rows[i].status);
		assert_int_equal(f.found, rows[i].status == 0);
		stop(&f);
	}
}

static void on_work(uv_work_t *work)
{
	(void)work;
}

static void on_worked(uv_work_t *work, int status)
{
	struct fix *f = work->data;

	f->written = status == 0;
}

/* More than libuv's pool has threads: it works on, and so do other names. */
static void test_many_hang(void **state)
{
	struct fix f;
	uv_work_t work = { .data = &f };

	(void)state;
	start(&f, 1);
	for (int i = 0; i < MANY; i++)
		look(&f, "hangs.invalid");
	assert_int_equal(uv_queue_work(&f.loop, &work, on_work, on_worked), 0);
	t_run_until(&f.loop, &f.written, 5000);
	look(&f, "is.invalid");
	t_run_until(&f.loop, &f.all_called, 5000);
	f.wanted = 1 + MANY;
	f.all_called = false;
	for (int i = 0; i < MANY; i++)
		sem_post(&gate);
	t_run_until(&f.loop, &f.all_called, 5000);
	stop(&f);
}

/* Hundreds may hang. */
static void test_stack(void **state)
{
	struct fix f;

	(void)state;
	start(&f, 1);
	look(&f, "is.invalid");
	t_run_until(&f.loop, &f.all_called, 5000);
	assert_int_equal(stack, LOOKUP_STACK);
	stop(&f);
}

/* Said later, as anything else is. */
static void test_no_thread(void **state)
{
	struct fix f;

	(void)state;
	start(&f, 1);
	no_threads = true;
	look(&f, "is.invalid");
	no_threads = false;
	t_run_until(&f.loop, &f.all_called, 5000);
	assert_int_equal(f.status, UV_EAGAIN);
	assert_false(f.found);
	stop(&f);
}

/* The loop ends before it does, and can't be closed before it has. */
static void test_left(void **state)
{
	struct fix f;

	(void)state;
	start(&f, 1);
	lookup_leave(look(&f, "hangs.invalid"));
	assert_int_equal(uv_run(&f.loop, UV_RUN_DEFAULT), 0);
	assert_int_equal(f.calls, 0);
	assert_int_equal(uv_loop_close(&f.loop), UV_EBUSY);
	sem_post(&gate);
	stop(&f);
	assert_int_equal(f.calls, 1);
}

static void on_resolved(void *arg, int status)
{
	(void)arg;
	(void)status;
}

/* Wherever the thread is when the loop gets there. */
static void test_close_while_threads_work(void **state)
{
	(void)state;
	for (int turns = 0; turns < 4; turns++) {
		struct resolver *r;
		struct resolve_name *n;
		struct fix f;

		start(&f, 0);
		assert_int_equal(resolver_open(&r, &f.loop), 0);
		assert_int_equal(resolve_open(&n, r, "is.invalid", 8140,
					 on_resolved, NULL),
			0);
		resolve_ask(n);
		for (int i = 0; i < turns; i++)
			uv_run(&f.loop, UV_RUN_NOWAIT);
		resolve_close(n);
		resolver_close(r);
		stop(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_it_says),
		cmocka_unit_test(test_many_hang),
		cmocka_unit_test(test_stack),
		cmocka_unit_test(test_no_thread),
		cmocka_unit_test(test_left),
		cmocka_unit_test(test_close_while_threads_work),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
