#include "t.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "capture.h"
#include "notify.h"

enum { TURNS = 1000 };

/* The service manager, and the one that tells it. */
struct fix {
	uv_loop_t loop;
	struct notify notify;
	char *dir;
	int manager; /* -1: there is none */
	char got[1024];
};

/* "@" at the beginning of `name`: in the abstract namespace. */
static void listen_at(struct fix *f, const char *name)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	size_t len = strlen(name);

	memcpy(sun.sun_path, name, len);
	if (*name == '@')
		sun.sun_path[0] = '\0';
	else
		len++;
	f->manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	assert_true(f->manager >= 0);
	assert_int_equal(bind(f->manager, (struct sockaddr *)&sun,
				 (socklen_t)(sizeof(sun.sun_family) + len)),
		0);
	assert_int_equal(setenv("NOTIFY_SOCKET", name, 1), 0);
}

static void prepare(struct fix *f)
{
	char path[100];

	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
	assert_int_equal(uv_loop_init(&f->loop), 0);
	f->dir = t_mkdir();
	snprintf(path, sizeof(path), "%s/notify", f->dir);
	listen_at(f, path);
}

static void finish(struct fix *f)
{
	notify_close(&f->notify);
	t_loop_close(&f->loop);
	if (f->manager >= 0)
		close(f->manager);
	t_rmdir(f->dir);
}

/* The next datagram; "" for none. */
static const char *next(struct fix *f)
{
	ssize_t n = recv(f->manager, f->got, sizeof(f->got) - 1, 0);

	if (n < 0)
		assert_int_equal(errno, EAGAIN);
	f->got[n < 0 ? 0 : n] = '\0';
	return f->got;
}

static void states_are_told(void **state)
{
	unsigned long long usec;
	uint64_t before;
	int end = 0;
	struct fix f;

	(void)state;
	prepare(&f);
	notify_open(&f.notify, &f.loop);
	assert_string_equal(next(&f), "");
	notify_ready(&f.notify, "2 servers");
	assert_string_equal(next(&f), "READY=1\nSTATUS=2 servers");
	before = uv_hrtime() / 1000;
	notify_reloading(&f.notify);
	assert_int_equal(
		sscanf(next(&f),
			"RELOADING=1\nMONOTONIC_USEC=%llu\nSTATUS=reloading%n",
			&usec, &end),
		1);
	assert_int_equal(f.got[end], '\0');
	assert_true(usec >= before && usec <= uv_hrtime() / 1000);
	notify_stopping(&f.notify);
	assert_string_equal(next(&f), "STOPPING=1\nSTATUS=ending");
	finish(&f);
}

static void a_name_may_be_abstract(void **state)
{
	char name[100];
	struct fix f;

	(void)state;
	prepare(&f);
	close(f.manager);
	snprintf(name, sizeof(name), "@test_notify/%d", (int)getpid());
	listen_at(&f, name);
	notify_open(&f.notify, &f.loop);
	notify_ready(&f.notify, "here");
	assert_string_equal(next(&f), "READY=1\nSTATUS=here");
	finish(&f);
}

static void the_environment_is_for_this_process(void **state)
{
	struct fix f;

	(void)state;
	prepare(&f);
	setenv("WATCHDOG_USEC", "1000000", 1);
	setenv("WATCHDOG_PID", "1", 1);
	notify_open(&f.notify, &f.loop);
	assert_null(getenv("NOTIFY_SOCKET"));
	assert_null(getenv("WATCHDOG_USEC"));
	assert_null(getenv("WATCHDOG_PID"));
	finish(&f);
}

/* Turns the loop until the watchdog has been fed `n` times. */
static void expect_meals(struct fix *f, int n)
{
	uv_ref((uv_handle_t *)&f->notify.watchdog);
	for (int turns = 0; n > 0; turns++) {
		assert_true(turns < TURNS);
		uv_run(&f->loop, UV_RUN_ONCE);
		while (*next(f) != '\0') {
			assert_string_equal(f->got, "WATCHDOG=1");
			n--;
		}
	}
}

static void the_watchdog_is_fed_at_half_its_time(void **state)
{
	char pid[20];
	struct fix f;

	(void)state;
	prepare(&f);
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	setenv("WATCHDOG_USEC", "20000", 1);
	setenv("WATCHDOG_PID", pid, 1);
	notify_open(&f.notify, &f.loop);
	assert_int_equal(uv_timer_get_repeat(&f.notify.watchdog), 10);
	expect_meals(&f, 3);
	finish(&f);
}

static void the_shortest_watchdog(void **state)
{
	struct fix f;

	(void)state;
	prepare(&f);
	setenv("WATCHDOG_USEC", "1", 1);
	notify_open(&f.notify, &f.loop);
	assert_int_equal(uv_timer_get_repeat(&f.notify.watchdog), 1);
	expect_meals(&f, 1);
	finish(&f);
}

static void who_has_no_watchdog_feeds_none(void **state)
{
	static const struct {
		const char *usec, *pid;
	} cases[] = { { NULL, NULL }, { "0", NULL }, { "", NULL },
		{ "-5", NULL }, { "20ms", NULL }, { "20000", "1" },
		{ "20000", "" }, { "99999999999999999999", NULL } };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct fix f;

		prepare(&f);
		if (cases[i].usec != NULL)
			setenv("WATCHDOG_USEC", cases[i].usec, 1);
		if (cases[i].pid != NULL)
			setenv("WATCHDOG_PID", cases[i].pid, 1);
		notify_open(&f.notify, &f.loop);
		assert_false(uv_is_active((uv_handle_t *)&f.notify.watchdog));
		finish(&f);
	}
}

static void tell_all(struct fix *f)
{
	notify_open(&f->notify, &f->loop);
	notify_ready(&f->notify, "");
	notify_reloading(&f->notify);
	notify_stopping(&f->notify);
}

/* What is logged while `tell` runs; the caller frees it. */
static char *listen_to(void (*tell)(struct fix *f), struct fix *f)
{
	size_t len;

	capture_start();
	tell(f);
	return capture_end(&len);
}

static void nobody_is_told_where_nobody_asks(void **state)
{
	struct fix f;
	char *text;

	(void)state;
	prepare(&f);
	unsetenv("NOTIFY_SOCKET");
	setenv("WATCHDOG_USEC", "1000000", 1);
	text = listen_to(tell_all, &f);
	assert_string_equal(text, "");
	assert_false(uv_is_active((uv_handle_t *)&f.notify.watchdog));
	free(text);
	finish(&f);
}

static void a_name_that_is_none_is_said(void **state)
{
	static const char *const names[] = { "", "/", "@", "relative",
		"vsock:2:1234" };
	char longest[200];

	(void)state;
	memset(longest, 'x', sizeof(longest));
	longest[0] = '/';
	longest[108] = '\0';
	for (size_t i = 0; i <= sizeof(names) / sizeof(*names); i++) {
		struct fix f;
		char *text;

		prepare(&f);
		setenv("NOTIFY_SOCKET",
			i < sizeof(names) / sizeof(*names) ? names[i] : longest,
			1);
		text = listen_to(tell_all, &f);
		assert_non_null(strstr(text, "names no unix socket"));
		free(text);
		finish(&f);
	}
}

static void tell_stopping(struct fix *f)
{
	notify_stopping(&f->notify);
}

/* So often that any queue is full. */
static void tell_often(struct fix *f)
{
	for (int i = 0; i < 5000; i++)
		notify_ready(&f->notify, "");
}

static void expect_cant(char *text)
{
	assert_non_null(strstr(text, "the service manager can't be told"));
	free(text);
}

static void a_manager_that_does_not_listen_holds_nothing_up(void **state)
{
	struct fix f;

	(void)state;
	prepare(&f);
	notify_open(&f.notify, &f.loop);
	expect_cant(listen_to(tell_often, &f));
	assert_string_equal(next(&f), "READY=1\nSTATUS=");
	close(f.manager);
	f.manager = -1;
	expect_cant(listen_to(tell_stopping, &f));
	finish(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(states_are_told),
		cmocka_unit_test(a_name_may_be_abstract),
		cmocka_unit_test(the_environment_is_for_this_process),
		cmocka_unit_test(the_watchdog_is_fed_at_half_its_time),
		cmocka_unit_test(the_shortest_watchdog),
		cmocka_unit_test(who_has_no_watchdog_feeds_none),
		cmocka_unit_test(nobody_is_told_where_nobody_asks),
		cmocka_unit_test(a_name_that_is_none_is_said),
		cmocka_unit_test(
			a_manager_that_does_not_listen_holds_nothing_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
