#include "jruby.h"

#include <limits.h>
#include <stdbool.h>
#include <string.h>

#include <uv.h>

#include "jsonin.h"

#define FIGURES(service) "/status/v1/services/" service "?level=debug"

size_t jruby_request(char dst[PUPPET_REQUEST_MAX], enum jruby_service which,
	const char *host)
{
	return puppet_get(dst,
		which == JRUBY_PE_METRICS ? FIGURES("pe-jruby-metrics")
					  : FIGURES("jruby-metrics"),
		"application/json", host);
}

/* Its words have the colon that they have in Clojure. */
static enum jruby_lock lock_of(const char *word)
{
	if (strcmp(word, ":not-in-use") == 0)
		return JRUBY_LOCK_NONE;
	if (strcmp(word, ":requested") == 0)
		return JRUBY_LOCK_REQUESTED;
	if (strcmp(word, ":acquired") == 0)
		return JRUBY_LOCK_ACQUIRED;
	return JRUBY_LOCK_OTHER;
}

/* Whether it is a list of requests, and how long the oldest one is there. */
static bool read_requests(const json_t *list, uint64_t *oldest_ms)
{
	json_int_t oldest = 0;
	const json_t *item;
	size_t i;

	if (!json_is_array(list))
		return false;
	json_array_foreach(list, i, item)
	{
		const json_t *age = json_object_get(item, "duration-millis");

		if (!json_is_integer(age))
			return false;
		/* By a wall clock: negative once that was set back. */
		if (json_integer_value(age) > oldest)
			oldest = json_integer_value(age);
	}
	*oldest_ms = (uint64_t)oldest;
	return true;
}

static bool is_small(json_int_t n)
{
	return n >= 0 && n <= INT_MAX;
}

static bool read_root(struct jruby *out, json_t *root)
{
	json_int_t jrubies, idle, borrows, limit_hits;
	json_t *running, *waiting;
	uint64_t oldest_ms, ignored;
	const char *lock;

	if (json_unpack(root, "{s{s{s{ss} s{sI sI sI sI so so}}}}", "status",
		    "experimental", "jruby-pool-lock-status", "current-state",
		    &lock, "metrics", "num-jrubies", &jrubies,
		    "num-free-jrubies", &idle, "borrow-count", &borrows,
		    "queue-limit-hit-count", &limit_hits, "borrowed-instances",
		    &running, "requested-instances", &waiting) != 0)
		return false;
	if (!is_small(jrubies) || !is_small(idle) || borrows < 0 ||
		limit_hits < 0 || !read_requests(running, &ignored) ||
		!read_requests(waiting, &oldest_ms))
		return false;
	*out = (struct jruby){ .jrubies = (unsigned)jrubies,
		.free = (unsigned)idle,
		.borrowed = (unsigned)json_array_size(running),
		.waiting = (unsigned)json_array_size(waiting),
		.oldest_waiter_ms = oldest_ms,
		.borrow_count = (uint64_t)borrows,
		.queue_limit_hits = (uint64_t)limit_hits,
		.lock = lock_of(lock) };
	return true;
}

int jruby_read(struct jruby *out, const char *body, size_t len)
{
	json_t *root = jsonin_load(body, len);
	bool good = read_root(out, root);

	json_decref(root);
	return good ? 0 : UV_EINVAL;
}
