#include "t.h"

#include <stdlib.h>

#include "answer_rows.h"

static void check(
	const struct row *row, enum answer_form form, const char *expected)
{
	struct answer_facts f = row_facts(row);
	char line[ANSWER_MAX];
	size_t len = answer_line(line, &f, form);

	assert_int_equal(len, strlen(line));
	assert_int_equal(line[len - 1], '\n');
	line[len - 1] = '\0';
	assert_string_equal(line, expected);
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
	char line[ANSWER_MAX];
	size_t len;

	(void)state;
	for (int byte = 1; byte < 256; byte++) {
		memset(orders.state.why, byte, sizeof(orders.state.why) - 1);
		len = answer_line(line, &f, ANSWER_WITH_READY);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_row),
		cmocka_unit_test(any_reason_becomes_one_line),
		cmocka_unit_test(sentences_fit),
	};

	return cmocka_run_group_tests_name("answer", tests, NULL, NULL);
}
