#include "server_fix.h"

#include <dlfcn.h>

#include "capture.h"

enum {
	TEN_MINUTES_MS = 600000,
	LONG_PAUSE_MS = 70000, /* no other timer here runs so long */
};

static long dice;              /* what random() says */
static uint64_t pauses_ms[64]; /* between probes, as the server asked for */
static size_t n_pauses;

long random(void)
{
	return dice;
}

int uv_timer_start(
	uv_timer_t *timer, uv_timer_cb cb, uint64_t ms, uint64_t repeat)
{
	int (*real)(uv_timer_t *, uv_timer_cb, uint64_t, uint64_t);

	*(void **)&real = dlsym(RTLD_NEXT, "uv_timer_start");
	if (ms >= LONG_PAUSE_MS && ms <= LONG_PAUSE_MS * 11 / 10 &&
		n_pauses < 64)
		pauses_ms[n_pauses++] = ms;
	return real(timer, cb, ms, repeat);
}

static unsigned count(const char *text, const char *part)
{
	unsigned n = 0;

	for (; (text = strstr(text, part)) != NULL; text++)
		n++;
	return n;
}

static void every_ten_minutes_a_full_handshake(void **state)
{
	struct fix f;
	size_t len;
	char *log;

	(void)state;
	ahead_ms = 0;
	capture_start();
	log_set_level(LOG_DEBUG);
	open_fix(&f, TLSPEER_ANSWER);
	wait_for(&f, 4);
	ahead_ms += TEN_MINUTES_MS / 2;
	wait_for(&f, 7);
	ahead_ms += TEN_MINUTES_MS / 2 + 1;
	wait_for(&f, 11);
	close_fix(&f);
	log_set_level(LOG_INFO);
	log = capture_end(&len);
	assert_int_equal(count(log, "session=full"), 2);
	assert_true(count(log, "session=resumed") >= 8);
	free(log);
}

/* After a stand-still, the old verdict is told to nobody. */
static void a_stale_verdict_is_not_told(void **state)
{
	const struct addr_host host = { { 1 } };
	const char *line;
	struct fix f;
	size_t len;

	(void)state;
	ahead_ms = 0;
	open_fix(&f, TLSPEER_ANSWER);
	wait_for(&f, 3);
	line = standing_line(server_standing(f.server), &host, &len);
	assert_string_equal(line, "up 100%\n");
	ahead_ms += 3 * (1 + 10000) + 60000;
	line = standing_line(server_standing(f.server), &host, &len);
	assert_string_equal(line, "# no verdict yet\n");
	close_fix(&f);
}

/* Up to a tenth is added, so that many servers do not probe in step. */
static void pauses_vary(void **state)
{
	static const long throws[] = { 0, 1, 7000, 7001, 123456789 };
	static const uint64_t expected[] = { 70000, 70001, 77000, 70000,
		70000 + 123456789 % 7001 };

	(void)state;
	ahead_ms = 0;
	for (size_t i = 0; i < 5; i++) {
		struct fix f;

		open_fix(&f, TLSPEER_ANSWER);
		f.config.interval_ms = LONG_PAUSE_MS;
		dice = throws[i];
		n_pauses = 0;
		for (int turns = 0; n_pauses == 0; turns++) {
			assert_true(turns < TURNS_MAX);
			uv_run(&f.loop, UV_RUN_ONCE);
		}
		assert_int_equal(pauses_ms[0], expected[i]);
		close_fix(&f);
	}
	dice = 0;
}

/* Closed after 0, 1, 2, ... turns, whatever is under way then. */
static void close_sweep(void **state)
{
	static const enum tlspeer_way ways[] = { TLSPEER_ABSENT, TLSPEER_SILENT,
		TLSPEER_HANGUP, TLSPEER_ANSWER };

	(void)state;
	ahead_ms = 0;
	for (size_t way = 0; way < sizeof(ways) / sizeof(*ways); way++) {
		for (int turns = 0; turns < 40; turns++) {
			struct fix f;

			open_fix(&f, ways[way]);
			for (int i = 0; i < turns; i++)
				uv_run(&f.loop, UV_RUN_ONCE);
			close_fix(&f);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_ten_minutes_a_full_handshake),
		cmocka_unit_test(a_stale_verdict_is_not_told),
		cmocka_unit_test(pauses_vary),
		cmocka_unit_test(close_sweep),
	};

	signal(SIGPIPE, SIG_IGN);
	log_set_level(LOG_ERROR);
	tlsconf_global_init();
	return cmocka_run_group_tests_name("server", tests, NULL, NULL);
}
