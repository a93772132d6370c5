#include "t.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "reply_lines.h"

#define EURO "\xe2\x82\xac"

/* Lines that come when this has been sent, and nothing after it. */
static void receive(struct reply_lines *l, const char *sent, size_t len,
	enum reply_colors colors)
{
	int ends[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	assert_int_equal(write(ends[1], sent, len), (ssize_t)len);
	close(ends[1]);
	reply_lines_open(l, ends[0], colors);
}

static void what_a_terminal_would_obey(void **state)
{
	static const struct {
		const char *sent, *plain, *colored;
	} rows[] = {
		{ "up " EURO "\n", "up " EURO "\n", "up " EURO "\n" },
		{ "\n", "\n", "\n" },
		{ "\033[31mup\033[0m\n", "?[31mup?[0m\n",
			"\033[31mup\033[0m\n" },
		{ "\033[38m\033[3m\033[310m\n", "?[38m?[3m?[310m\n",
			"?[38m?[3m?[310m\n" },
		{ "\033[2J\033]0;x\a\033\n", "?[2J?]0;x??\n", "?[2J?]0;x??\n" },
		{ "a\r\tb\x7f\xc2\x9b\x9b\xe2\x82\n", "a??b??????\n",
			"a??b??????\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct reply_lines l;
		const char *sent = rows[i].sent;

		receive(&l, sent, strlen(sent), REPLY_PLAIN);
		assert_string_equal(reply_lines_next(&l), rows[i].plain);
		assert_null(reply_lines_next(&l));
		assert_true(reply_lines_whole(&l));
		reply_lines_close(&l);
		receive(&l, sent, strlen(sent), REPLY_COLORED);
		assert_string_equal(reply_lines_next(&l), rows[i].colored);
		reply_lines_close(&l);
	}
}

/* It ends no line: what comes after it is seen. */
static void a_zero_byte(void **state)
{
	struct reply_lines l;

	(void)state;
	receive(&l, "a\0\033b\n", 5, REPLY_PLAIN);
	assert_string_equal(reply_lines_next(&l), "a??b\n");
	reply_lines_close(&l);
}

/* Wherever its pieces end, no character is lost. */
static void a_long_line(void **state)
{
	enum { CHARACTERS = 3000 };
	static char sent[4 + CHARACTERS * 3 + 2], got[sizeof(sent)];

	(void)state;
	for (size_t shift = 0; shift < 3; shift++) {
		struct reply_lines l;
		const char *piece;
		size_t len = shift;

		memset(sent, 'x', shift);
		for (int i = 0; i < CHARACTERS; i++, len += 3)
			memcpy(sent + len, EURO, 3);
		strcpy(sent + len, "\n");
		got[0] = '\0';
		receive(&l, sent, len + 1, REPLY_PLAIN);
		while ((piece = reply_lines_next(&l)) != NULL) {
			assert_true(strlen(piece) < REPLY_LINES_MAX);
			strcat(got, piece);
		}
		assert_string_equal(got, sent);
		reply_lines_close(&l);
	}
}

/* Not even one that is nothing but the ends of characters. */
static void no_line_is_too_long(void **state)
{
	static char sent[3 * REPLY_LINES_MAX];
	struct reply_lines l;
	const char *piece;
	size_t n = 0;

	(void)state;
	memset(sent, '\x80', sizeof(sent) - 1);
	sent[sizeof(sent) - 1] = '\n';
	receive(&l, sent, sizeof(sent), REPLY_PLAIN);
	while ((piece = reply_lines_next(&l)) != NULL) {
		assert_true(strlen(piece) < REPLY_LINES_MAX);
		n += strlen(piece);
	}
	assert_int_equal(n, sizeof(sent));
	reply_lines_close(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_terminal_would_obey),
		cmocka_unit_test(a_zero_byte),
		cmocka_unit_test(a_long_line),
		cmocka_unit_test(no_line_is_too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
