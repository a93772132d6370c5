#include "message.h"

#include <stdarg.h>
#include <stdio.h>

#include "text.h"

enum { LINE_MAX_BYTES = 8192 };

void message_say(const char *fmt, ...)
{
	char line[LINE_MAX_BYTES];
	va_list ap;

	va_start(ap, fmt);
	if (vsnprintf(line, sizeof(line), fmt, ap) < 0)
		line[0] = '\0';
	va_end(ap);
	text_clean(line);
	fprintf(stderr, "%s\n", line);
}
