/*
 * Files, and the events that they must give, as text: "LINE [section]",
 * "LINE key=value", "LINE !error's beginning".
 */
#include "t.h"

#include <stdio.h>
#include <stdlib.h>

#include "inifile.h"

#define X10 "xxxxxxxxxx"
#define X50 X10 X10 X10 X10 X10
#define X180 X50 X50 X50 X10 X10 X10
#define FORM "!neither `key = value`"
#define NAME "!a section is one name"
#define LONGER "!the line is longer"
#define NUL "!the line has a NUL"

struct events {
	char text[4096];
	size_t used;
};

static void on_section(void *arg, unsigned line, const char *name)
{
	struct events *e = arg;

	e->used += (size_t)snprintf(e->text + e->used,
		sizeof(e->text) - e->used, "%u [%s]\n", line, name);
}

static void on_value(
	void *arg, unsigned line, const char *key, const char *value)
{
	struct events *e = arg;

	e->used += (size_t)snprintf(e->text + e->used,
		sizeof(e->text) - e->used, "%u %s=%s\n", line, key, value);
}

static void on_error(void *arg, unsigned line, const char *text)
{
	static const char *const known[] = { FORM, NAME, LONGER, NUL };
	struct events *e = arg;

	for (size_t i = 0; i < COUNT(known); i++)
		if (strncmp(text, known[i] + 1, strlen(known[i] + 1)) == 0)
			text = known[i];
	e->used += (size_t)snprintf(e->text + e->used,
		sizeof(e->text) - e->used, "%u %s\n", line, text);
}

static const struct inifile_events events = { on_section, on_value, on_error };

#define ROW(text, expected) \
	{ \
		text, sizeof(text) - 1, expected \
	}

static const struct row {
	const char *text;
	size_t len;
	const char *events;
} rows[] = {
	ROW("", ""),
	ROW("\n\n", ""),
	ROW("# a\n; b\n  # c\n\t; d\n", ""),
	ROW("[a]\nk = v\n", "1 [a]\n2 k=v\n"),
	ROW("[a]\nk = v", "1 [a]\n2 k=v\n"),
	ROW("k = v\n[a]\n", "1 k=v\n2 [a]\n"),
	ROW("[a]\n[a]\n[b]\n", "1 [a]\n2 [a]\n3 [b]\n"),
	ROW("\n# x\n[a]\n\n\nk=v\n", "3 [a]\n6 k=v\n"),
	/* Blanks. */
	ROW("  [ server  a ]  \n\tk =\tv w \t\n", "1 [server  a]\n2 k=v w\n"),
	ROW("[a]\n  k = v\n    l = w\n", "1 [a]\n2 k=v\n3 l=w\n"),
	ROW("k = v\n  w\n", "1 k=v\n2 " FORM "\n"),
	/* Other line ends, and what editors put in front. */
	ROW("[a]\r\nk = v\r\n\r\n# c\r\n", "1 [a]\n2 k=v\n"),
	ROW("\xef\xbb\xbf[a]\nk = v\n", "1 [a]\n2 k=v\n"),
	ROW("\xef\xbb\xbf# c\n", ""),
	ROW("\n\xef\xbb\xbf[a]\n", "2 " FORM "\n"),
	/* Keys and values. */
	ROW("k =\n", "1 k=\n"),
	ROW("k = a = b\n", "1 k=a = b\n"),
	ROW("k : v\n", "1 k=v\n"),
	ROW("a = *:80 [::1]:81\n", "1 a=*:80 [::1]:81\n"),
	ROW("k = \"v\"\n", "1 k=\"v\"\n"),
	ROW("k = # v\n", "1 k=# v\n"),
	/* A comment after a value needs a blank before it. */
	ROW("k = v ; c\n", "1 k=v\n"),
	ROW("k = v\t; c\n", "1 k=v\n"),
	ROW("k = v;w\n", "1 k=v;w\n"),
	ROW("k = v # w\n", "1 k=v # w\n"),
	ROW("k ; c = v\n", "1 " FORM "\n"),
	/* What is none of all this. */
	ROW("hello\nk=v\n", "1 " FORM "\n2 k=v\n"),
	ROW("[a\n[b] x\n[\n]\n",
		"1 " NAME "\n2 " NAME "\n3 " NAME "\n4 " FORM "\n"),
	ROW("[]\n", "1 []\n"),
	ROW("a]=b\n", "1 a]=b\n"),
	ROW("k = v\0w\nl = w\n", "1 " NUL "\n2 l=w\n"),
	ROW("\0\nl = w\n", "1 " NUL "\n2 l=w\n"),
	ROW("\xff\xfe = \x01\n", "1 \xff\xfe=\x01\n"),
	/* Lengths: 190 bytes without blanks around and the line's end. */
	ROW("[" X50 X10 "]\n", "1 [" X50 X10 "]\n"),
	ROW("[" X180 "12345678]\n", "1 [" X180 "12345678]\n"),
	ROW("[" X180 "123456789]\n", "1 " LONGER "\n"),
	ROW(X50 X10 " = v\n", "1 " X50 X10 "=v\n"),
	ROW("k = " X180 "123456\r\n", "1 k=" X180 "123456\n"),
	ROW("   k = " X180 "123456  \n", "1 k=" X180 "123456\n"),
	ROW("k = " X180 "1234567\nl=w\n", "1 " LONGER "\n2 l=w\n"),
	ROW("k = " X180 X180 X180 "\nl=w\n", "1 " LONGER "\n2 l=w\n"),
	ROW("# " X180 X180 X180 "\nl=w\n", "2 l=w\n"),
};

static void test_rows(void **state)
{
	char *dir = t_mkdir();

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct events e = { .used = 0 };
		char *path = t_write(dir, "x.ini", rows[i].text, rows[i].len);

		assert_int_equal(inifile_read(path, &events, &e), 0);
		if (strcmp(e.text, rows[i].events) != 0)
			fail_msg("row %zu \"%s\" gave\n%s", i, rows[i].text,
				e.text);
		free(path);
	}
	t_rmdir(dir);
}

static void test_line_numbers_go_far(void **state)
{
	char *text = malloc(4 * 70000 + 1), *dir = t_mkdir(), *path;
	struct events e = { .used = 0 };
	size_t n = 0;

	(void)state;
	for (int i = 0; i < 70000; i++)
		n += (size_t)sprintf(text + n, "#x\n");
	n += (size_t)sprintf(text + n, "k=v\n");
	path = t_write(dir, "x.ini", text, n);
	assert_int_equal(inifile_read(path, &events, &e), 0);
	assert_string_equal(e.text, "70001 k=v\n");
	free(path);
	free(text);
	t_rmdir(dir);
}

static void test_no_file(void **state)
{
	struct events e = { .used = 0 };
	char *dir = t_mkdir(), path[64];

	(void)state;
	snprintf(path, sizeof(path), "%s/x.ini", dir);
	assert_int_equal(inifile_read(path, &events, &e), UV_ENOENT);
	assert_int_not_equal(inifile_read(dir, &events, &e), 0);
	assert_string_equal(e.text, "");
	t_rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_line_numbers_go_far),
		cmocka_unit_test(test_no_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
