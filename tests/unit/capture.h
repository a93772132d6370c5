#ifndef CAPTURE_H
#define CAPTURE_H

#include <stddef.h>
#include <sys/stat.h>

/* What is written to stderr goes into a file instead, from here on. */
void capture_start(void);

/* That file. */
void capture_stat(struct stat *st);

/*
 * Stderr is as it was before; what was written, terminated, for the caller to
 * free.
 */
char *capture_end(size_t *len);

#endif
