#ifndef HASTEN_H
#define HASTEN_H

/*
 * libuv's uv_timer_start(), but timers of one duration fire when the test says
 * so: then it neither waits for a time limit nor is overtaken by it.
 *
 * A header, since a test that includes it has no other uv_timer_start().
 */
#include <dlfcn.h>

#include "t.h"

static uint64_t hasten_ms; /* which timers: those started with this */
static uv_timer_t *hasten_timer;
static uv_timer_cb hasten_cb;

static int real_timer_start(
	uv_timer_t *timer, uv_timer_cb cb, uint64_t ms, uint64_t repeat)
{
	int (*real)(uv_timer_t *, uv_timer_cb, uint64_t, uint64_t);

	*(void **)&real = dlsym(RTLD_NEXT, "uv_timer_start");
	assert_non_null(real);
	return real(timer, cb, ms, repeat);
}

int uv_timer_start(
	uv_timer_t *timer, uv_timer_cb cb, uint64_t ms, uint64_t repeat)
{
	if (ms == hasten_ms) {
		hasten_timer = timer;
		hasten_cb = cb;
		ms = 3600000;
	}
	return real_timer_start(timer, cb, ms, repeat);
}

/* From here on, timers of `ms` do not fire by themselves. */
static void hasten_those_of(uint64_t ms)
{
	hasten_ms = ms;
	hasten_timer = NULL;
}

/* The last of them that was started fires in the next turn. */
static void hasten(void)
{
	if (hasten_timer != NULL)
		assert_int_equal(
			real_timer_start(hasten_timer, hasten_cb, 0, 0), 0);
	hasten_timer = NULL;
}

#endif
