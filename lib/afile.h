#ifndef AFILE_H
#define AFILE_H

#include <stddef.h>

#include <uv.h>

/*
 * A file replaced whole, durably and off the loop: written beside itself,
 * synced, renamed over the old one, and its folder synced.  Whatever happens,
 * the old or the new content is there, never a part.
 */
struct afile_write;

/* `status` is 0 or a UV_E* code: the file is as it was.  Once, from the loop */
typedef void (*afile_cb)(void *arg, int status);

/*
 * `data` is copied.  The temporary file is PATH.new; two writes of one path
 * must not overlap.  0, or UV_ENOMEM with cb never called.
 */
int afile_start(struct afile_write **out, uv_loop_t *loop, const char *path,
	const void *data, size_t len, afile_cb cb, void *arg);

/* No callback; the write itself goes on and ends by itself. */
void afile_abandon(struct afile_write *w);

/* The same at once, for use before the loop runs.  0 or a UV_E* code. */
int afile_replace(const char *path, const void *data, size_t len);

/* A whole file, terminated; the caller frees it.  0 or a UV_E* code. */
int afile_read(const char *path, size_t max, char **text, size_t *len);

#endif
