#include "t.h"

#include <math.h>
#include <stdlib.h>

#include "expo.h"

static void expect(struct expo *e, const char *wanted)
{
	char *text = expo_close(e);

	assert_non_null(text);
	assert_string_equal(text, wanted);
	free(text);
}

static void families(void **state)
{
	static const struct expo_label labels[] = { { "server", "a" },
		{ "kind", "full" } };
	struct expo e;

	(void)state;
	expo_open(&e, 4096);
	expo_family(&e, "a_total", EXPO_COUNTER, "Things.");
	expo_sample(&e, labels, 2, 3);
	expo_sample(&e, labels, 1, 4);
	expo_family(&e, "b", EXPO_GAUGE, "Others.");
	expo_sample(&e, NULL, 0, 0.25);
	expect(&e,
		"# HELP a_total Things.\n# TYPE a_total counter\n"
		"a_total{server=\"a\",kind=\"full\"} 3\n"
		"a_total{server=\"a\"} 4\n"
		"# HELP b Others.\n# TYPE b gauge\nb 0.25\n");
}

static void label_values(void **state)
{
	static const struct expo_label label = { "l", "\\a\"b\nc\\" };
	struct expo e;

	(void)state;
	expo_open(&e, 4096);
	expo_family(&e, "a", EXPO_GAUGE, "A.");
	expo_sample(&e, &label, 1, 1);
	expect(&e,
		"# HELP a A.\n# TYPE a gauge\n"
		"a{l=\"\\\\a\\\"b\\nc\\\\\"} 1\n");
}

/* A time in seconds must not lose its last digits. */
static void values(void **state)
{
	struct expo e;

	(void)state;
	expo_open(&e, 4096);
	expo_family(&e, "a", EXPO_GAUGE, "A.");
	expo_sample(&e, NULL, 0, 1795426200);
	expo_sample(&e, NULL, 0, 1795426200.25);
	expo_sample(&e, NULL, 0, 123456789012345);
	expo_sample(&e, NULL, 0, -1);
	expo_sample(&e, NULL, 0, INFINITY);
	expo_sample(&e, NULL, 0, -INFINITY);
	expo_sample(&e, NULL, 0, NAN);
	expect(&e,
		"# HELP a A.\n# TYPE a gauge\n"
		"a 1795426200\na 1795426200.25\na 123456789012345\na -1\n"
		"a +Inf\na -Inf\na NaN\n");
}

static void histograms(void **state)
{
	static const double bounds[] = { 0.001, 0.3, 10 };
	static const uint64_t counts[] = { 1, 0, 4, 2 };
	static const struct expo_histogram h = { bounds, counts, 3, 12.5 };
	static const struct expo_label label = { "s", "x" };
	struct expo e;

	(void)state;
	expo_open(&e, 4096);
	expo_family(&e, "t_seconds", EXPO_HISTOGRAM, "T.");
	expo_histogram(&e, &label, 1, &h);
	expect(&e,
		"# HELP t_seconds T.\n# TYPE t_seconds histogram\n"
		"t_seconds_bucket{s=\"x\",le=\"0.001\"} 1\n"
		"t_seconds_bucket{s=\"x\",le=\"0.3\"} 1\n"
		"t_seconds_bucket{s=\"x\",le=\"10\"} 5\n"
		"t_seconds_bucket{s=\"x\",le=\"+Inf\"} 7\n"
		"t_seconds_sum{s=\"x\"} 12.5\n"
		"t_seconds_count{s=\"x\"} 7\n");
}

/* All of it, or nothing. */
static void no_room(void **state)
{
	static const char whole[] = "# HELP a A.\n# TYPE a gauge\na 1\n";

	(void)state;
	for (size_t max = 0; max <= sizeof(whole); max++) {
		struct expo e;

		expo_open(&e, max);
		expo_family(&e, "a", EXPO_GAUGE, "A.");
		expo_sample(&e, NULL, 0, 1);
		if (max < sizeof(whole))
			assert_null(expo_close(&e));
		else
			expect(&e, whole);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(families),
		cmocka_unit_test(label_values),
		cmocka_unit_test(values),
		cmocka_unit_test(histograms),
		cmocka_unit_test(no_room),
	};

	return cmocka_run_group_tests_name("expo", tests, NULL, NULL);
}
