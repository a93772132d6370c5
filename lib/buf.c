#include "buf.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <uv.h>

void buf_free(struct buf *b)
{
	free(b->data);
	*b = BUF_INIT(b->max);
}

int buf_append(struct buf *b, const void *data, size_t len)
{
	size_t cap = b->cap > 0 ? b->cap : 256;
	char *grown;

	if (len > b->max - b->len)
		return UV_ENOBUFS;
	if (len == 0)
		return 0;
	while (cap < b->len + len)
		cap *= 2;
	if (cap != b->cap) {
		grown = realloc(b->data, cap);
		if (grown == NULL)
			return UV_ENOMEM;
		b->data = grown;
		b->cap = cap;
	}
	memcpy(b->data + b->len, data, len);
	b->len += len;
	return 0;
}

void buf_consume(struct buf *b, size_t len)
{
	assert(len <= b->len);
	b->len -= len;
	if (b->len > 0 && len > 0)
		memmove(b->data, b->data + len, b->len);
}
