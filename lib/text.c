#include "text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <uv.h>

enum { WORD_MAX = 32 };

static const struct {
	const char *name;
	uint64_t ms;
} units[] = {
	{ "d", 86400000 },
	{ "h", 3600000 },
	{ "m", 60000 },
	{ "s", 1000 },
	{ "ms", 1 },
};

void text_printable(char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (text[i] < ' ' || text[i] > '~')
			text[i] = '?';
}

/* What ends a line, or turns the text after it round, so that it lies. */
static bool reorders(uint32_t code)
{
	return code == 0x61c || code == 0x200e || code == 0x200f ||
		(code >= 0x2028 && code <= 0x202e) ||
		(code >= 0x2066 && code <= 0x2069);
}

size_t text_character(const char *text)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t more = *p < 0x80 ? 0 : *p < 0xe0 ? 1 : *p < 0xf0 ? 2 : 3;
	static const uint32_t least[] = { 0x20, 0xa0, 0x800, 0x10000 };
	uint32_t code = more == 0 ? *p : *p & (0x3fu >> more);

	if ((*p >= 0x80 && *p < 0xc2) || *p > 0xf4)
		return 0;
	for (size_t i = 1; i <= more; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (p[i] & 0x3fu);
	}
	if (code < least[more] || code == 0x7f || code > 0x10ffff ||
		(code >= 0xd800 && code <= 0xdfff) || reorders(code))
		return 0;
	return more + 1;
}

void text_clean(char *text)
{
	while (*text != '\0') {
		size_t len = text_character(text);

		if (len == 0)
			*text = '?';
		text += len > 0 ? len : 1;
	}
}

void text_quotable(char *text)
{
	while ((text = strchr(text, '"')) != NULL)
		*text = '\'';
}

size_t text_format(char *dst, size_t cap, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(dst, cap, fmt, ap);
	va_end(ap);
	if (n < 0 || cap == 0)
		return 0;
	return (size_t)n < cap ? (size_t)n : cap - 1;
}

/* Levenshtein's distance; both words are shorter than WORD_MAX. */
static size_t distance(const char *a, const char *b)
{
	size_t row[WORD_MAX + 1];
	size_t lb = strlen(b);

	for (size_t j = 0; j <= lb; j++)
		row[j] = j;
	for (size_t i = 1; a[i - 1] != '\0'; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= lb; j++) {
			size_t change = diagonal + (a[i - 1] != b[j - 1]);
			size_t best = row[j] < row[j - 1] ? row[j] : row[j - 1];

			diagonal = row[j];
			row[j] = change < best + 1 ? change : best + 1;
		}
	}
	return row[lb];
}

const char *text_did_you_mean(
	const char *word, const char *const *words, size_t n)
{
	const char *best = NULL;
	size_t limit = strlen(word) / 3 + 1, least = limit + 1;

	if (strlen(word) >= WORD_MAX)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		size_t d;

		if (strlen(words[i]) >= WORD_MAX)
			continue;
		d = distance(word, words[i]);
		if (d < least) {
			least = d;
			best = words[i];
		}
	}
	return best;
}

/* Reads the digits at *text and steps over them. */
static int take_digits(const char **text, uint64_t max, uint64_t *value)
{
	const char *p = *text;
	uint64_t v = 0;

	if (*p < '0' || *p > '9')
		return UV_EINVAL;
	for (; *p >= '0' && *p <= '9'; p++) {
		uint64_t digit = (uint64_t)(*p - '0');

		if (digit > max || v > (max - digit) / 10)
			return UV_EINVAL;
		v = v * 10 + digit;
	}
	*text = p;
	*value = v;
	return 0;
}

int text_parse_number(const char *text, uint64_t max, uint64_t *value)
{
	uint64_t v;

	if (take_digits(&text, max, &v) != 0 || *text != '\0')
		return UV_EINVAL;
	*value = v;
	return 0;
}

int text_parse_time(const char *text, uint64_t *ms)
{
	uint64_t v;

	if (take_digits(&text, UINT32_MAX, &v) != 0)
		return UV_EINVAL;
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
		if (strcmp(text, units[i].name) == 0) {
			*ms = v * units[i].ms;
			return 0;
		}
	}
	return UV_EINVAL;
}

void text_show_time(char *dst, size_t cap, uint64_t ms)
{
	size_t i = 0;

	while (ms == 0 ? units[i].ms != 1000 : ms % units[i].ms != 0)
		i++;
	snprintf(dst, cap, "%" PRIu64 "%s", ms / units[i].ms, units[i].name);
}
