#include "exchange.h"

#include <assert.h>

void exchange_init(
	struct exchange *x, const size_t body_max[EXCHANGE_MAX], size_t n)
{
	assert(n > 0 && n <= EXCHANGE_MAX);
	*x = (struct exchange){ .n_wanted = n };
	for (size_t i = 0; i < n; i++)
		http_init(&x->answers[i], body_max[i]);
}

void exchange_free(struct exchange *x)
{
	for (size_t i = 0; i < x->n_wanted; i++)
		http_free(&x->answers[i]);
}

/* Why nothing more can be asked for, or NULL. */
static const char *objection(const struct exchange *x, size_t more)
{
	if (x->answers[0].code != 200)
		return "not asked for: the first answer's status is not 200";
	if (!x->answers[0].keep_alive)
		return "not asked for: the first answer ends the connection";
	if (more > 0)
		return "not asked for: more came than the first answer";
	return NULL;
}

static enum exchange_status take_whole(struct exchange *x, size_t more)
{
	x->n_whole++;
	if (x->n_whole == x->n_wanted)
		return EXCHANGE_DONE;
	x->error = objection(x, more);
	return x->error == NULL ? EXCHANGE_ASK : EXCHANGE_DONE;
}

static enum exchange_status take(
	struct exchange *x, enum http_status status, size_t more)
{
	if (status == HTTP_MORE)
		return EXCHANGE_MORE;
	if (status == HTTP_DONE)
		return take_whole(x, more);
	x->error = x->answers[x->n_whole].error;
	return EXCHANGE_BAD;
}

enum exchange_status exchange_feed(
	struct exchange *x, const char *bytes, size_t len)
{
	size_t used;
	enum http_status status =
		http_feed(&x->answers[x->n_whole], bytes, len, &used);

	return take(x, status, len - used);
}

enum exchange_status exchange_end(struct exchange *x)
{
	return take(x, http_finish(&x->answers[x->n_whole], HTTP_END_CLEAN), 0);
}

bool exchange_out_of_memory(const struct exchange *x)
{
	return x->error == http_no_memory;
}

bool exchange_over_limit(const struct exchange *x)
{
	return x->error == http_over_limit;
}
