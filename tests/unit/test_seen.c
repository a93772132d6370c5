#include "t.h"

#include "seen.h"

static void test_first_and_known(void **state)
{
	struct seen s = { .n = 0 };

	(void)state;
	assert_int_equal(seen_look(&s, "a", 1), SEEN_FIRST);
	assert_int_equal(seen_look(&s, "a", 1), SEEN_KNOWN);
	assert_int_equal(seen_look(&s, "b", 1), SEEN_FIRST);
	assert_int_equal(seen_look(&s, "ab", 2), SEEN_FIRST);
	assert_int_equal(seen_look(&s, "ba", 2), SEEN_FIRST);
	assert_int_equal(seen_look(&s, "a\0", 2), SEEN_FIRST);
	assert_int_equal(seen_look(&s, "", 0), SEEN_FIRST);
	assert_int_equal(seen_look(&s, "", 0), SEEN_KNOWN);
	assert_int_equal(seen_look(&s, "a", 1), SEEN_KNOWN);
}

static void test_full(void **state)
{
	struct seen s = { .n = 0 };

	(void)state;
	for (unsigned i = 0; i < SEEN_MAX - 1; i++)
		assert_int_equal(seen_look(&s, &i, sizeof(i)), SEEN_FIRST);
	for (unsigned i = SEEN_MAX - 1; i < SEEN_MAX; i++)
		assert_int_equal(seen_look(&s, &i, sizeof(i)), SEEN_FULL);
	for (unsigned i = 0; i < 2 * SEEN_MAX; i++)
		assert_int_equal(seen_look(&s, &i, sizeof(i)), SEEN_KNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_first_and_known),
		cmocka_unit_test(test_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
