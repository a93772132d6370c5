#include "failing.h"

#include <limits.h>

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

static void play(void (*scene)(void *arg), void *arg, unsigned long from,
	unsigned long so_many)
{
	long before = failing_live();

	plan.from = from;
	plan.so_many = so_many;
	scene(arg);
	if (failing_live() != before)
		fail_msg("allocation %lu, %lu at once: %ld blocks left", from,
			so_many, failing_live() - before);
}

void failing_sweep(const char *name, void (*scene)(void *arg), void *arg,
	enum failing_whose whose, size_t step)
{
	static const unsigned long at_once[] = { 1, 20, ULONG_MAX };
	unsigned long total, n = 0;

	plan.whose = whose;
	plan.so_many = 0;
	scene(arg); /* what libraries keep, they have now */
	play(scene, arg, 1, 0);
	total = failing_counted(whose);
	assert_true(total > 0);
	for (size_t i = 0; i < 3; i++)
		for (unsigned long k = 1; k <= total; k += step, n++)
			play(scene, arg, k, at_once[i]);
	print_message("%s: %lu allocations, %lu runs\n", name, total, n);
}
