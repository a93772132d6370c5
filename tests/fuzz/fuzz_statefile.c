/*
 * The state file.  What was read is written so that it reads the same: the
 * text that comes of it is a fixed point.
 */
#include "fuzz.h"

#include "statefile.h"

struct once {
	char *text; /* what one server, read from what it was written as, gives
		     */
};

static void on_again(void *arg, const struct statefile_server *s)
{
	struct once *o = arg;

	assert(o->text == NULL);
	o->text = statefile_encode(s, 1);
}

static void on_server(void *arg, const struct statefile_server *s)
{
	char *text = statefile_encode(s, 1), error[STATEFILE_ERROR_MAX];
	struct once once = { .text = NULL };

	(void)arg;
	assert(text != NULL);
	assert(statefile_decode(text, strlen(text), on_again, &once, error) ==
		0);
	/* Where there is nothing to keep, no server comes back. */
	if (once.text == NULL)
		once.text = statefile_encode(NULL, 0);
	assert(once.text != NULL && strcmp(once.text, text) == 0);
	free(once.text);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char error[STATEFILE_ERROR_MAX] = "", *text = fuzz_text(data, len);

	if (statefile_decode(text, len, on_server, NULL, error) != 0)
		assert(*error != '\0');
	free(text);
	return 0;
}
