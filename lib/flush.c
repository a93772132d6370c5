#include "flush.h"

#include <stdlib.h>

/* One write; owns its bytes. */
struct flush {
	uv_write_t req;
	struct buf buf;
	flush_cb failed;
	void *arg;
};

static void on_written(uv_write_t *req, int status)
{
	struct flush *f = req->data;

	if (status < 0)
		f->failed(f->arg, status);
	buf_free(&f->buf);
	free(f);
}

int flush_buf(uv_stream_t *to, struct buf *from, flush_cb failed, void *arg)
{
	uv_buf_t bytes = uv_buf_init(from->data, (unsigned)from->len);
	struct flush *f;
	int rc;

	if (from->len == 0)
		return 0;
	f = malloc(sizeof(*f));
	if (f == NULL)
		return UV_ENOMEM;
	*f = (struct flush){ .buf = *from, .failed = failed, .arg = arg };
	f->req.data = f;
	rc = uv_write(&f->req, to, &bytes, 1, on_written);
	if (rc != 0) {
		free(f);
		return rc;
	}
	*from = BUF_INIT(from->max);
	return 0;
}
