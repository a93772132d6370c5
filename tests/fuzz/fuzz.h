#ifndef FUZZ_H
#define FUZZ_H

/*
 * A fuzz target: libFuzzer (make fuzz) or replay.c (make test-fuzz) calls it
 * with bytes from outside; what must hold for them is an assertion of its own.
 */
#undef NDEBUG
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* A copy of its very size, with a '\0' behind it. */
static inline char *fuzz_text(const uint8_t *data, size_t len)
{
	char *text = malloc(len + 1);

	assert(text != NULL);
	if (len > 0)
		memcpy(text, data, len);
	text[len] = '\0';
	return text;
}

#endif
