#include "html.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void html_text(FILE *out, const char *text)
{
	static const char marks[] = "&<>\"'";
	static const char *const names[] = { "&amp;", "&lt;", "&gt;", "&quot;",
		"&#39;" };
	size_t n;

	for (;; text += n + 1) {
		n = strcspn(text, marks);
		fwrite(text, 1, n, out);
		if (text[n] == '\0')
			return;
		fputs(names[strchr(marks, text[n]) - marks], out);
	}
}

void html_format(FILE *out, const char *fmt, ...)
{
	char *text;
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (len < 0)
		return;
	html_text(out, text);
	free(text);
}
