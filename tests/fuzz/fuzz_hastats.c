/* What HAProxy's socket says to `usherctl doctor`: two answers, a NUL between.
 */
#include "fuzz.h"

#include "hastats.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *text = fuzz_text(data, len), error[HASTATS_ERROR_MAX] = "";
	size_t first = strlen(text);
	struct hastats t;

	if (hastats_parse(&t, text, text + (first < len ? first + 1 : first),
		    error) != 0) {
		assert(*error != '\0');
	} else {
		for (size_t i = 0; i < t.n; i++)
			assert(t.list[i].name != NULL);
		hastats_free(&t);
	}
	free(text);
	return 0;
}
