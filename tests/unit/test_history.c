#include "t.h"

#include <stdio.h>

#include "history.h"
#include "text.h"

static void on_entry(void *arg, const struct history_entry *e)
{
	text_format(arg, 64, "%s %s %s", e->server, e->what, e->text);
}

static void the_oldest_makes_room(void **state)
{
	struct history *h = history_new();
	char text[16];

	(void)state;
	assert_null(history_get(h, 0));
	for (int i = 0; i < HISTORY_MAX + 5; i++)
		history_add(h, i, "a", "order", "number %d", i);
	for (size_t i = 0; i < HISTORY_MAX; i++) {
		snprintf(text, sizeof(text), "number %zu", i + 5);
		assert_string_equal(history_get(h, i)->text, text);
		assert_int_equal(history_get(h, i)->time_s, i + 5);
	}
	assert_null(history_get(h, HISTORY_MAX));
	history_free(h);
}

static void who_follows_hears_of_each(void **state)
{
	struct history *h = history_new();
	char heard[64] = "";

	(void)state;
	history_follow(h, on_entry, heard);
	history_add(h, 1, "a", "verdict", "up\033[31m");
	assert_string_equal(heard, "a verdict up?[31m");
	history_follow(h, NULL, NULL);
	history_add(h, 2, "b", "verdict", "fail");
	assert_string_equal(heard, "a verdict up?[31m");
	history_free(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_oldest_makes_room),
		cmocka_unit_test(who_follows_hears_of_each),
	};

	return cmocka_run_group_tests_name("history", tests, NULL, NULL);
}
