#include "jsonout.h"

#include "buf.h"

enum { TEXT_MAX = 1 << 30 };

struct text {
	struct buf buf;
	int rc;
};

static int add(const char *data, size_t len, void *arg)
{
	struct text *t = arg;

	if (t->rc == 0)
		t->rc = buf_append(&t->buf, data, len);
	return t->rc == 0 ? 0 : -1;
}

char *jsonout_text(const json_t *root, size_t flags)
{
	struct text t = { .buf = BUF_INIT(TEXT_MAX) };

	if (json_dump_callback(root, add, &t, flags) == 0 &&
		add("", 1, &t) == 0)
		return t.buf.data;
	buf_free(&t.buf);
	return NULL;
}
