#ifndef INIFILE_H
#define INIFILE_H

#include <stddef.h>

/*
 * INI files, on inih, with what its own file reader lacks: line numbers,
 * section names of any length, sections without a key, leading blanks, and
 * over-long lines refused where inih would cut them.  No continuation lines.
 */

/* Longest line, without its end. */
enum { INIFILE_LINE_MAX = 190 };

struct inifile_events {
	void (*section)(void *arg, unsigned line, const char *name);
	void (*value)(
		void *arg, unsigned line, const char *key, const char *value);
	/* A line that is neither; `text` says what would be right. */
	void (*error)(void *arg, unsigned line, const char *text);
};

/* 0, or a UV_E* code when the file can't be opened or read. */
int inifile_read(
	const char *path, const struct inifile_events *events, void *arg);

#endif
