#include "t.h"

#include <stdio.h>
#include <stdlib.h>

#include "capture.h"
#include "message.h"

/* What is written where this is said. */
static char *said(const char *text)
{
	size_t len;

	capture_start();
	message_say("%s: %s", "name", text);
	return capture_end(&len);
}

static void one_line_that_a_terminal_shows(void **state)
{
	static const struct {
		const char *text, *written;
	} rows[] = {
		{ "", "name: \n" },
		{ "gr\xc3\xb6\xc3\x9f"
		  "e",
			"name: gr\xc3\xb6\xc3\x9f"
			"e\n" },
		{ "\033]0;t\a\033[2J", "name: ?]0;t??[2J\n" },
		{ "a\nerror: b\r\tc\x7f", "name: a?error: b??c?\n" },
		{ "\xc2\x9b"
		  "31m \x9b"
		  "31m \xc3",
			"name: ??31m ?31m ?\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char *written = said(rows[i].text);

		assert_string_equal(written, rows[i].written);
		free(written);
	}
}

/* Cut, and with its end still; also where that is amid a character. */
static void a_long_one_is_cut(void **state)
{
	char text[12000], *written;

	(void)state;
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	text[8191 - sizeof("name: ")] = '\xc3';
	text[8191 - sizeof("name: ") + 1] = '\xb6';
	written = said(text);
	assert_int_equal(strlen(written), 8192);
	assert_string_equal(written + 8189, "x?\n");
	free(written);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_line_that_a_terminal_shows),
		cmocka_unit_test(a_long_one_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
