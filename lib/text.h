#ifndef TEXT_H
#define TEXT_H

#include <stddef.h>
#include <stdint.h>

/*
 * Small text: cleaning what came from outside, "did you mean", and times as
 * people write them.
 */

/* Replaces every byte of text[0..len) that is not printable ASCII by '?'. */
void text_printable(char *text, size_t len);

/*
 * Bytes of the printable UTF-8 character that `text` begins with; 0 where it
 * begins with none.
 */
size_t text_character(const char *text);

/*
 * Makes text from outside fit for people and JSON: control characters, those of
 * Unicode's that order lines and directions, and what is no UTF-8 become '?'.
 */
void text_clean(char *text);

/* Makes text fit between the quotes of a log line: " becomes '. */
void text_quotable(char *text);

/* Like printf into dst; says on return how much of cap is used, no '\0'. */
size_t text_format(char *dst, size_t cap, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* The one of words[0..n) that `word` was meant to be, or NULL. */
const char *text_did_you_mean(
	const char *word, const char *const *words, size_t n);

/* "500ms", "2s", "15m", "8h", "1d" as milliseconds; 0, or UV_EINVAL. */
int text_parse_time(const char *text, uint64_t *ms);

/* The other way round, in the largest unit that is exact. */
void text_show_time(char *dst, size_t cap, uint64_t ms);

/* A whole number, digits only, at most `max`; 0, or UV_EINVAL. */
int text_parse_number(const char *text, uint64_t max, uint64_t *value);

#endif
