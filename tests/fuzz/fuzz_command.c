/*
 * A line at the control socket.  Each word, quoted, is cut into itself again;
 * what is refused is refused with a sentence.
 */
#include "fuzz.h"

#include <uv.h>

#include "command.h"
#include "words.h"

enum { LINE_CAP = 2048 };

static void check_words(char *const *words, int n)
{
	char line[8 * LINE_CAP] = "", *again[WORDS_MAX];
	size_t used = 0;

	for (int i = 0; i < n; i++)
		used = words_quote(line, used, sizeof(line), words[i]);
	assert(used < sizeof(line));
	line[used] = '\0';
	assert(words_split(line, again) == n);
	for (int i = 0; i < n; i++)
		assert(strcmp(again[i], words[i]) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *line, *words[WORDS_MAX], error[COMMAND_ERROR_MAX] = "";
	struct command c;
	int n;

	/* One line; usherctl makes a blank of an end of line in a word. */
	for (size_t i = 0; i < len; i++)
		if (memchr("\r\n", data[i], 3) != NULL)
			len = i;
	if (len >= LINE_CAP)
		return 0;
	line = fuzz_text(data, len);
	n = words_split(line, words);
	if (n > 0) {
		check_words(words, n);
		memset(&c, 0, sizeof(c));
		if (command_parse(&c, n, words, error) != 0)
			assert(*error != '\0' &&
				memchr(error, '\0', sizeof(error)) != NULL);
		else
			assert(c.spec != NULL);
	}
	free(line);
	return 0;
}
