#include "jsonin.h"

#include <stdbool.h>

static bool too_deep(const char *text, size_t len)
{
	bool in_string = false;
	size_t depth = 0;

	for (size_t i = 0; i < len; i++) {
		if (in_string && text[i] == '\\')
			i++;
		else if (text[i] == '"')
			in_string = !in_string;
		else if (in_string)
			continue;
		else if ((text[i] == '[' || text[i] == '{') &&
			++depth > JSONIN_DEPTH_MAX)
			return true;
		else if ((text[i] == ']' || text[i] == '}') && depth > 0)
			depth--;
	}
	return false;
}

json_t *jsonin_load(const char *text, size_t len)
{
	if (too_deep(text, len))
		return NULL;
	return json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
}
