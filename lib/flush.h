#ifndef FLUSH_H
#define FLUSH_H

#include <uv.h>

#include "buf.h"

/* From the loop, only where it could not be written: a UV_E* code. */
typedef void (*flush_cb)(void *arg, int error);

/*
 * Hands what is in `from` over to libuv, which writes it, and leaves it empty.
 * 0, or a UV_E* code with `from` untouched and no callback.  `failed` comes
 * before the stream has closed, or not at all.
 */
int flush_buf(uv_stream_t *to, struct buf *from, flush_cb failed, void *arg);

#endif
