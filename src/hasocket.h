#ifndef HASOCKET_H
#define HASOCKET_H

/*
 * HAProxy's stats socket: a command, and all that HAProxy answers.  Blocks for
 * a few seconds at most, apart from looking up a host's name.
 *
 * `where` is a path, or HOST:PORT, [HOST]:PORT: what has no slash and ends
 * with a colon and a number.
 */
enum { HASOCKET_ERROR_MAX = 320 };

/* The answer, which the caller frees; NULL with a sentence. */
char *hasocket_ask(
	const char *where, const char *command, char error[HASOCKET_ERROR_MAX]);

#endif
