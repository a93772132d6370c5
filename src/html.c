#include "html.h"

#include <stdarg.h>
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
	char text[HTML_FORMAT_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	html_text(out, text);
}
