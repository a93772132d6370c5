#include "failing.h"

#include <limits.h>
#include <stdio.h>

#include "t.h"

static struct {
	enum failing_whose whose;
	unsigned long from, so_many;
} plan;

void failing_begin(void)
{
	failing_arm(plan.whose, plan.from, plan.so_many);
}

void failing_end(void)
{
	failing_disarm();
}

/* Whether it came to that allocation. */
static bool play(void (*scene)(void *arg), void *arg, unsigned long from,
	unsigned long so_many)
{
	long before = failing_live();

	plan.from = from;
	plan.so_many = so_many;
	scene(arg);
	if (failing_live() != before)
		fail_msg("allocation %lu, %lu at once: %ld blocks left", from,
			so_many, failing_live() - before);
	return failing_so_far() > 0;
}

static unsigned long count(
	void (*scene)(void *arg), void *arg, enum failing_whose whose)
{
	unsigned long total;

	plan.whose = whose;
	plan.so_many = 0;
	scene(arg); /* what libraries keep, they have now */
	play(scene, arg, 1, 0);
	total = failing_counted(whose);
	assert_true(total > 0);
	return total;
}

void failing_sweep(const char *name, void (*scene)(void *arg), void *arg,
	enum failing_whose whose, size_t step)
{
	static const unsigned long at_once[] = { 1, 20, ULONG_MAX };
	unsigned long total = count(scene, arg, whose), n = 0;

	for (size_t i = 0; i < 3; i++)
		for (unsigned long k = 1; k <= total; k += step, n++)
			play(scene, arg, k, at_once[i]);
	print_message("%s: %lu allocations, %lu runs\n", name, total, n);
}

void failing_share(const char *name, void (*scene)(void *arg), void *arg,
	enum failing_whose whose, const char *share)
{
	unsigned long total = count(scene, arg, whose), n = 0, failed = 0;
	unsigned long number, of;

	assert_int_equal(sscanf(share, "%lu/%lu", &number, &of), 2);
	assert_true(number > 0 && number <= of);
	for (unsigned long k = number; k <= total; k += of, n++)
		failed += play(scene, arg, k, 1);
	print_message("%s: %lu allocations, share %s: %lu of %lu failed\n",
		name, total, share, failed, n);
}
