#ifndef BUF_H
#define BUF_H

#include <stddef.h>

/*
 * A growable queue of bytes with a hard limit: append at the end, consume at
 * the front.  `data` is not terminated and moves when the queue grows.
 */
struct buf {
	char *data;
	size_t len;
	size_t cap;
	size_t max; /* buf_append() refuses to grow past this */
};

#define BUF_INIT(limit) ((struct buf){ .max = (limit) })

void buf_free(struct buf *b);

/* 0, UV_ENOBUFS past the limit or UV_ENOMEM; then nothing was added. */
int buf_append(struct buf *b, const void *data, size_t len);

/* Drops `len` bytes at the front; `len` must not exceed b->len. */
void buf_consume(struct buf *b, size_t len);

#endif
