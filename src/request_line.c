#include "request_line.h"

#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "text.h"
#include "words.h"

enum { WIDTH_MAX = 1000 };

void request_line_add(struct request_line *l, const char *word)
{
	l->used = words_quote(l->text, l->used, sizeof(l->text), word);
}

void request_line_add_time(
	struct request_line *l, const char *option, uint64_t ms)
{
	char text[32];

	text_show_time(text, sizeof(text), ms);
	request_line_add(l, option);
	request_line_add(l, text);
}

void request_line_end(struct request_line *l)
{
	const char *sudo_user = getenv("SUDO_USER");
	const char *no_color = getenv("NO_COLOR");
	struct winsize window;
	char width[8];

	if (geteuid() == 0 && sudo_user != NULL && *sudo_user != '\0') {
		request_line_add(l, "--by");
		request_line_add(l, sudo_user);
	}
	if (isatty(STDOUT_FILENO) && (no_color == NULL || *no_color == '\0')) {
		request_line_add(l, "--color");
		l->colored = true;
	}
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) == 0 &&
		window.ws_col > 0 && window.ws_col <= WIDTH_MAX) {
		text_format(width, sizeof(width), "%u", window.ws_col);
		request_line_add(l, "--width");
		request_line_add(l, width);
	}
	l->used +=
		text_format(l->text + l->used, sizeof(l->text) - l->used, "\n");
}
