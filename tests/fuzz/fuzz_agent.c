/*
 * What comes behind `agent-send`: one line, whatever stands after it; a name
 * that is sent is the name that is asked for.
 */
#include "fuzz.h"

#include "agent.h"
#include "text.h"

static int is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* A name that a server may have is what was sent, whole. */
static void is_what_was_sent(const char *name, const char *line, size_t len)
{
	size_t n = strlen(name);

	if (n == 0 || n > 255 ||
		strspn(name,
			"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			"0123456789.-_:") != n)
		return;
	while (*line == ' ' || *line == '\t') {
		line++;
		len--;
	}
	while (is_blank(line[len - 1]))
		len--;
	assert(len == n && memcmp(line, name, n) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char name[AGENT_NAME_MAX + 1], again[AGENT_NAME_MAX + 1];
	char framed[AGENT_NAME_MAX + 8];
	char *text = fuzz_text(data, len);
	const char *newline = memchr(text, '\n', len);
	size_t first = newline != NULL ? (size_t)(newline - text) : len;

	memset(name, 0x5a, sizeof(name));
	agent_name(name, text, len);
	assert(memchr(name, '\0', sizeof(name)) != NULL);
	assert(strpbrk(name, "\n\"") == NULL);
	assert(name[0] == '\0' || (name[0] != ' ' && name[0] != '\t'));
	is_what_was_sent(name, text, first);
	/* What comes after the line, or is still to come, changes nothing. */
	agent_name(again, text, first);
	assert(strcmp(name, again) == 0);
	/* Asked with blanks around, as a name with less than 255 letters may.
	 */
	if (strlen(name) < AGENT_NAME_MAX && name[0] != '\0' &&
		!is_blank(name[strlen(name) - 1])) {
		text_format(framed, sizeof(framed), "\t %s \r\n", name);
		agent_name(again, framed, strlen(framed));
		assert(strcmp(name, again) == 0);
	}
	free(text);
	return 0;
}
