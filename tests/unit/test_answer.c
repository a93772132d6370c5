#include "t.h"

#include <stdlib.h>

#include "answer_rows.h"

/* What HAProxy makes of the words before the '#', weight and all. */
static enum answer_told told_by(const char *expected)
{
	size_t len = strcspn(expected, "#");
	char words[ANSWER_MAX];

	snprintf(words, sizeof(words), " %.*s ", (int)len, expected);
	if (strstr(words, " maint ") != NULL)
		return ANSWER_MAINT;
	if (strstr(words, " drain ") != NULL)
		return ANSWER_DRAIN;
	if (strstr(words, " 0% ") != NULL)
		return ANSWER_OUT;
	if (strstr(words, " up ") != NULL)
		return ANSWER_IN;
	return strstr(words, " down ") != NULL ||
			strstr(words, " fail ") != NULL ||
			strstr(words, " stopped ") != NULL
		? ANSWER_OUT
		: ANSWER_NOTHING;
}

static void check(
	const struct row *row, enum answer_form form, const char *expected)
{
	struct answer_facts f = row_facts(row);
	struct answer a;
	char percent[16];

	answer_make(&a, &f, form);
	assert_int_equal(a.len, strlen(a.text));
	assert_int_equal(a.text[a.len - 1], '\n');
	a.text[a.len - 1] = '\0';
	assert_string_equal(a.text, expected);
	assert_string_equal(
		answer_told_name(a.told), answer_told_name(told_by(expected)));
	assert_int_equal(a.ready, strstr(expected, " ready ") != NULL);
	snprintf(percent, sizeof(percent), "%u%%", a.percent);
	if (a.told != ANSWER_NOTHING)
		assert_non_null(strstr(expected, percent));
}

static void each_row(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS_N; i++) {
		check(&rows[i], ANSWER_WITH_READY, rows[i].with_ready);
		check(&rows[i], ANSWER_WITHOUT_READY, rows[i].without_ready);
		check(&rows[i], ANSWER_WITHOUT_ADMIN, rows[i].without_admin);
	}
}

/* HAProxy must find one line of plain text, whatever somebody typed. */
static void any_reason_becomes_one_line(void **state)
{
	struct orders orders = { .state = BY(ORDER_DRAIN, "eve", "") };
	struct answer_facts f = {
		.verdict = VERDICT_UP, .orders = &orders, .automatic = 100
	};
	struct answer a;
	const char *line = a.text;
	size_t len;

	(void)state;
	for (int byte = 1; byte < 256; byte++) {
		memset(orders.state.why, byte, sizeof(orders.state.why) - 1);
		answer_make(&a, &f, ANSWER_WITH_READY);
		len = a.len;
		assert_int_equal(len, strlen(line));
		assert_true(len <= ANSWER_MAX - 1);
		assert_true(strchr(line, '#') + 2 + ANSWER_REASON_MAX ==
			line + len - 1);
		for (size_t i = 0; i < len - 1; i++)
			assert_in_range((unsigned char)line[i], ' ', '~');
		assert_int_equal(line[len - 1], '\n');
	}
}

/* The longest of each word still leaves room for the whole reason. */
static void sentences_fit(void **state)
{
	(void)state;
	for (enum outcome o = 0; o <= OUTCOME_INTERNAL; o++) {
		assert_in_range(
			strlen(outcome_sentence(o)), 1, ANSWER_REASON_MAX);
		assert_true(strlen(outcome_word(o)) > 0);
	}
}

static void names_both_ways(void **state)
{
	(void)state;
	for (enum answer_told t = ANSWER_NOTHING; t <= ANSWER_MAINT; t++) {
		assert_int_equal(answer_told(answer_told_name(t)), t);
		assert_int_equal(answer_takes(t),
			t == ANSWER_DRAIN || t == ANSWER_MAINT);
	}
	assert_int_equal(answer_told("drian"), ANSWER_NOTHING);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_row),
		cmocka_unit_test(any_reason_becomes_one_line),
		cmocka_unit_test(sentences_fit),
		cmocka_unit_test(names_both_ways),
	};

	return cmocka_run_group_tests_name("answer", tests, NULL, NULL);
}
