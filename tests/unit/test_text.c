#include "t.h"

#include <stdio.h>

#include "text.h"

static void test_printable(void **state)
{
	char all[256];

	(void)state;
	for (int i = 0; i < 256; i++)
		all[i] = (char)i;
	text_printable(all, sizeof(all));
	for (int i = 0; i < 256; i++)
		assert_int_equal(all[i], i >= ' ' && i <= '~' ? i : '?');
	all[0] = '\n';
	text_printable(all, 0);
	assert_int_equal(all[0], '\n');
}

/* The UTF-8 of a character, of any. */
static void encode(char dst[5], uint32_t code)
{
	if (code < 0x80)
		sprintf(dst, "%c", (int)code);
	else if (code < 0x800)
		sprintf(dst, "%c%c", (int)(0xc0 | code >> 6),
			(int)(0x80 | (code & 0x3f)));
	else if (code < 0x10000)
		sprintf(dst, "%c%c%c", (int)(0xe0 | code >> 12),
			(int)(0x80 | (code >> 6 & 0x3f)),
			(int)(0x80 | (code & 0x3f)));
	else
		sprintf(dst, "%c%c%c%c", (int)(0xf0 | code >> 18),
			(int)(0x80 | (code >> 12 & 0x3f)),
			(int)(0x80 | (code >> 6 & 0x3f)),
			(int)(0x80 | (code & 0x3f)));
}

/* First and last of those that stay, in turn with those that do not. */
static void test_clean(void **state)
{
	static const uint32_t stay[][2] = { { ' ', '~' }, { 0xa0, 0x61b },
		{ 0x61d, 0x200d }, { 0x2010, 0x2027 }, { 0x202f, 0x2065 },
		{ 0x206a, 0xd7ff }, { 0xe000, 0x10ffff } };
	size_t k = 0;

	(void)state;
	for (uint32_t code = 1; code < 0x1fffff; code++) {
		char text[5], clean[5];

		while (k < COUNT(stay) && code > stay[k][1])
			k++;
		encode(text, code);
		strcpy(clean, text);
		text_clean(clean);
		if (k == COUNT(stay) || code < stay[k][0])
			memset(text, '?', strlen(text));
		assert_string_equal(clean, text);
	}
}

static void test_clean_broken(void **state)
{
	static const struct {
		const char *text, *clean;
	} rows[] = {
		{ "", "" },
		{ "\x80 \xbf", "? ?" },
		{ "\xc3", "?" },
		{ "\xe2\x82", "??" },
		{ "\xe2\x82z", "??z" },
		{ "\xf0\x9f\x98\x80\xf0\x9f\x98", "\xf0\x9f\x98\x80???" },
		{ "\xc0\xaf \xc1\xbf", "?? ??" },
		{ "\xe0\x9f\xbf \xf0\x8f\xbf\xbf", "??? ????" },
		{ "\xfe\xff", "??" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char text[16];

		strcpy(text, rows[i].text);
		text_clean(text);
		assert_string_equal(text, rows[i].clean);
	}
}

static void test_format(void **state)
{
	char dst[8] = "before";

	(void)state;
	assert_int_equal(text_format(dst, 0, "%s", "x"), 0);
	assert_string_equal(dst, "before");
	assert_int_equal(text_format(dst, 1, "%s", "x"), 0);
	assert_string_equal(dst, "");
	assert_int_equal(text_format(dst, sizeof(dst), "%d.%s", 1, "x"), 3);
	assert_string_equal(dst, "1.x");
	assert_int_equal(text_format(dst, sizeof(dst), "1234567"), 7);
	assert_int_equal(text_format(dst, sizeof(dst), "12345678"), 7);
	assert_int_equal(text_format(dst, sizeof(dst), "%s", "12345678x"), 7);
	assert_string_equal(dst, "1234567");
}

/* The appending that it is made for never leaves dst. */
static void test_format_appends(void **state)
{
	char dst[10];
	size_t used = 0;

	(void)state;
	for (int i = 0; i < 10; i++)
		used += text_format(dst + used, sizeof(dst) - used, "abc");
	assert_int_equal(used, 9);
	assert_string_equal(dst, "abcabcabc");
}

static void test_did_you_mean(void **state)
{
	static const char *const words[] = { "interval", "fast-interval",
		"timeout", "rise", "fall", "check",
		"a-word-that-is-longer-than-any-option-has" };
	static const struct {
		const char *word, *meant;
	} rows[] = {
		{ "interval", "interval" },
		{ "intervals", "interval" },
		{ "intreval", "interval" },
		{ "fastinterval", "fast-interval" },
		{ "fast_interval", "fast-interval" },
		{ "time-out", "timeout" },
		{ "ris", "rise" },
		{ "raise", "rise" },
		{ "fal", "fall" },
		{ "xxxxxxxx", NULL },
		{ "", NULL },
		{ "Timeout", "timeout" },
		{ "a-word-that-is-longer-than-any-option-has", NULL },
		{ "0123456789012345678901234567890", NULL },
		{ "01234567890123456789012345678901", NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *meant =
			text_did_you_mean(rows[i].word, words, COUNT(words));

		if (meant == NULL ? rows[i].meant != NULL
				  : rows[i].meant == NULL ||
					strcmp(meant, rows[i].meant) != 0)
			fail_msg("%s: %s", rows[i].word,
				meant != NULL ? meant : "NULL");
	}
	assert_null(text_did_you_mean("rise", words, 0));
}

static void test_parse_time(void **state)
{
	static const struct {
		const char *text;
		uint64_t ms;
	} good[] = {
		{ "0s", 0 },
		{ "0ms", 0 },
		{ "500ms", 500 },
		{ "2s", 2000 },
		{ "15m", 900000 },
		{ "8h", 28800000 },
		{ "1d", 86400000 },
		{ "007s", 7000 },
		{ "4294967295ms", 4294967295u },
		{ "4294967295d", 4294967295u * UINT64_C(86400000) },
	};
	static const char *const bad[] = { "", "s", "ms", "5", "5 s", " 5s",
		"5s ", "-5s", "+5s", "5S", "5sec", "5mss", "1.5s", "1e3s",
		"0x5s", "1h30m", "4294967296ms", "99999999999999999999d" };
	uint64_t ms;

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		ms = 1;
		assert_int_equal(text_parse_time(good[i].text, &ms), 0);
		assert_int_equal(ms, good[i].ms);
	}
	ms = 77;
	for (size_t i = 0; i < COUNT(bad); i++) {
		if (text_parse_time(bad[i], &ms) != UV_EINVAL)
			fail_msg("\"%s\" was taken", bad[i]);
		assert_int_equal(ms, 77);
	}
}

static void test_show_time(void **state)
{
	static const struct {
		uint64_t ms;
		const char *text;
	} rows[] = {
		{ 0, "0s" },
		{ 1, "1ms" },
		{ 999, "999ms" },
		{ 1000, "1s" },
		{ 1001, "1001ms" },
		{ 60000, "1m" },
		{ 61000, "61s" },
		{ 90000, "90s" },
		{ 3600000, "1h" },
		{ 5400000, "90m" },
		{ 86400000, "1d" },
		{ 90000000, "25h" },
	};
	char text[32];
	uint64_t ms;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		text_show_time(text, sizeof(text), rows[i].ms);
		assert_string_equal(text, rows[i].text);
		assert_int_equal(text_parse_time(text, &ms), 0);
		assert_int_equal(ms, rows[i].ms);
	}
	text_show_time(text, sizeof(text), UINT64_MAX);
	assert_string_equal(text, "18446744073709551615ms");
}

static void test_parse_number(void **state)
{
	static const struct {
		const char *text;
		uint64_t max, value;
	} good[] = {
		{ "0", 0, 0 },
		{ "0", 100, 0 },
		{ "1", 1, 1 },
		{ "00100", 100, 100 },
		{ "65535", 65535, 65535 },
		{ "18446744073709551615", UINT64_MAX, UINT64_MAX },
	};
	static const struct {
		const char *text;
		uint64_t max;
	} bad[] = {
		{ "", 9 },
		{ " 1", 9 },
		{ "1 ", 9 },
		{ "-1", 9 },
		{ "+1", 9 },
		{ "1x", 99 },
		{ "0x1", 99 },
		{ "1.0", 99 },
		{ "1", 0 },
		{ "9", 5 },
		{ "6", 5 },
		{ "10", 5 },
		{ "101", 100 },
		{ "65536", 65535 },
		{ "18446744073709551616", UINT64_MAX },
		{ "99999999999999999999", UINT64_MAX },
	};
	uint64_t value;

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		assert_int_equal(
			text_parse_number(good[i].text, good[i].max, &value),
			0);
		assert_int_equal(value, good[i].value);
	}
	value = 77;
	for (size_t i = 0; i < COUNT(bad); i++) {
		if (text_parse_number(bad[i].text, bad[i].max, &value) !=
			UV_EINVAL)
			fail_msg("\"%s\" was taken, at most %ju", bad[i].text,
				(uintmax_t)bad[i].max);
		assert_int_equal(value, 77);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_printable),
		cmocka_unit_test(test_clean),
		cmocka_unit_test(test_clean_broken),
		cmocka_unit_test(test_format),
		cmocka_unit_test(test_format_appends),
		cmocka_unit_test(test_did_you_mean),
		cmocka_unit_test(test_parse_time),
		cmocka_unit_test(test_show_time),
		cmocka_unit_test(test_parse_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
