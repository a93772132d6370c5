#include "t.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "capture.h"
#include "log.h"

enum { TIME_LEN = sizeof("2026-01-01T00:00:00Z ") - 1 };

/* Each character stands for itself, 0 for a digit. */
static bool looks_like(const char *text, const char *shape)
{
	for (; *shape != '\0'; text++, shape++)
		if (*shape == '0' ? !isdigit((unsigned char)*text)
				  : *text != *shape)
			return false;
	return true;
}

/* What was written, without the time that it begins with. */
static char *end_without_time(size_t *len)
{
	char *text = capture_end(len);

	assert_true(looks_like(text, "0000-00-00T00:00:00Z "));
	*len -= TIME_LEN;
	memmove(text, text + TIME_LEN, *len + 1);
	return text;
}

static void test_line(void **state)
{
	char *text;
	size_t len;

	(void)state;
	capture_start();
	log_open();
	log_info("event key=%d text=\"%s\"", 1, "x y");
	text = end_without_time(&len);
	assert_string_equal(text, "info event key=1 text=\"x y\"\n");
	free(text);
}

static void test_levels(void **state)
{
	static const char *const expected[] = {
		[LOG_ERROR] = "error: event 1\n",
		[LOG_WARN] = "error: event 1\nwarn: event 2\n",
		[LOG_INFO] = "error: event 1\nwarn: event 2\ninfo: event 3\n",
		[LOG_DEBUG] = "error: event 1\nwarn: event 2\ninfo: event 3\n"
			      "debug: event 4\n",
	};

	(void)state;
	for (int level = LOG_ERROR; level <= LOG_DEBUG; level++) {
		char lines[512] = "", *text;
		size_t len;

		log_set_level((enum log_level)level);
		capture_start();
		log_error("event %d", 1);
		log_warn("event %d", 2);
		log_info("event %d", 3);
		log_debug("event %d", 4);
		text = capture_end(&len);
		for (char *line = strtok(text, "\n"); line != NULL;
			line = strtok(NULL, "\n")) {
			char *word = line + TIME_LEN;
			char *rest = strchr(word, ' ');

			assert_non_null(rest);
			*rest++ = '\0';
			sprintf(lines + strlen(lines), "%s: %s\n", word, rest);
		}
		assert_string_equal(lines, expected[level]);
		free(text);
	}
	log_set_level(LOG_INFO);
}

static void test_log_at(void **state)
{
	char *text;
	size_t len;

	(void)state;
	capture_start();
	log_at(LOG_DEBUG, "too fine");
	log_at(LOG_WARN, "event n=%u", 7u);
	text = end_without_time(&len);
	assert_string_equal(text, "warn event n=7\n");
	free(text);
}

/* No peer makes a second line, or speaks to a terminal. */
static void test_one_line_of_printable_ascii(void **state)
{
	char *text;
	size_t len;

	(void)state;
	capture_start();
	log_info("name=\"%s\"", "a\nerror b\r\x1b[2J\t\xc3\xa4\x7f");
	text = end_without_time(&len);
	assert_string_equal(text, "info name=\"a?error b??[2J????\"\n");
	free(text);
}

/* Lengths around the limit of 2047 bytes with the line's end. */
static void test_long_lines_are_cut(void **state)
{
	char *message = malloc(5001);

	(void)state;
	for (size_t n = 2000; n <= 5000; n += n < 2100 ? 1 : 2900) {
		size_t len, whole = TIME_LEN + strlen("info ") + n + 1;
		char *text;

		memset(message, 'x', n);
		message[n] = '\0';
		capture_start();
		log_info("%s", message);
		text = capture_end(&len);
		assert_int_equal(len, whole < 2047 ? whole : 2047);
		assert_int_equal(strcspn(text, "\n"), len - 1);
		assert_int_equal(text[len - 2], 'x');
		free(text);
	}
	free(message);
}

static void test_errno_is_kept(void **state)
{
	char *text;
	size_t len;

	(void)state;
	capture_start();
	errno = ENOTTY;
	log_info("event");
	assert_int_equal(errno, ENOTTY);
	text = capture_end(&len);
	free(text);
}

static void journal_is(unsigned long long dev, unsigned long long ino)
{
	char stream[64];

	snprintf(stream, sizeof(stream), "%llu:%llu", dev, ino);
	setenv("JOURNAL_STREAM", stream, 1);
	log_open();
}

/* The journal gets <N> and no time, and only if stderr is what it says. */
static void test_journal(void **state)
{
	struct stat st;
	char *text;
	size_t len;

	(void)state;
	log_set_level(LOG_DEBUG);
	capture_start();
	capture_stat(&st);
	journal_is(st.st_dev, st.st_ino);
	log_error("a=1");
	log_warn("b=2");
	log_info("c=3");
	log_debug("d=4");
	text = capture_end(&len);
	assert_string_equal(text, "<3>a=1\n<4>b=2\n<6>c=3\n<7>d=4\n");
	free(text);
	log_set_level(LOG_INFO);

	capture_start();
	capture_stat(&st);
	journal_is(st.st_dev, st.st_ino + 1);
	log_info("a=1");
	setenv("JOURNAL_STREAM", "garbage", 1);
	log_open();
	log_info("b=2");
	unsetenv("JOURNAL_STREAM");
	log_open();
	log_info("c=3");
	text = capture_end(&len);
	assert_true(looks_like(text,
		"0000-00-00T00:00:00Z info a=1\n"
		"0000-00-00T00:00:00Z info b=2\n"
		"0000-00-00T00:00:00Z info c=3\n"));
	free(text);
}

static void test_levels_by_name(void **state)
{
	static const char *const names[] = { "error", "warn", "info", "debug" };
	enum log_level level = LOG_WARN;

	(void)state;
	assert_int_not_equal(log_find_level("verbose", &level), 0);
	assert_int_not_equal(log_find_level("", &level), 0);
	assert_int_equal(level, LOG_WARN);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(log_find_level(names[i], &level), 0);
		assert_int_equal(level, i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_levels_by_name),
		cmocka_unit_test(test_line),
		cmocka_unit_test(test_levels),
		cmocka_unit_test(test_log_at),
		cmocka_unit_test(test_one_line_of_printable_ascii),
		cmocka_unit_test(test_long_lines_are_cut),
		cmocka_unit_test(test_errno_is_kept),
		cmocka_unit_test(test_journal),
	};

	unsetenv("JOURNAL_STREAM");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
