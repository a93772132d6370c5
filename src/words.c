#include "words.h"

#include <string.h>

#include <uv.h>

#include "text.h"

/* Copies one word to *out, unquoted; returns where the next may begin. */
static char *unquote(char *from, char *out)
{
	int quoted = 0;

	while (*from != '\0' && (quoted || (*from != ' ' && *from != '\t'))) {
		if (*from == '"') {
			quoted = !quoted;
			from++;
			continue;
		}
		if (*from == '\\' && from[1] != '\0')
			from++;
		*out++ = *from++;
	}
	if (quoted)
		return NULL;
	if (*from != '\0')
		from++;
	*out = '\0';
	return from;
}

int words_split(char *line, char *words[WORDS_MAX])
{
	int n = 0;

	for (;;) {
		line += strspn(line, " \t");
		if (*line == '\0')
			return n;
		if (n == WORDS_MAX)
			return UV_EINVAL;
		words[n++] = line;
		line = unquote(line, line);
		if (line == NULL)
			return UV_EINVAL;
	}
}

size_t words_quote(char *dst, size_t used, size_t cap, const char *word)
{
	used += text_format(
		dst + used, cap - used, "%s\"", used > 0 ? " " : "");
	for (; *word != '\0'; word++) {
		const char *escape = *word == '"' || *word == '\\' ? "\\" : "";
		char byte = *word;

		if (byte == '\n' || byte == '\r')
			byte = ' ';
		used += text_format(
			dst + used, cap - used, "%s%c", escape, byte);
	}
	return used + text_format(dst + used, cap - used, "\"");
}
