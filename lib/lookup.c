#include "lookup.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct lookup {
	uv_thread_t thread;
	uv_async_t over;
	int error, system_error;
	struct addrinfo *found;
	lookup_cb cb;
	void *arg;
	char port[8];
	char host[];
};

static int uv_code(int error, int system_error)
{
	switch (error) {
	case 0:
		return 0;
	case EAI_AGAIN:
		return UV_EAI_AGAIN;
	case EAI_FAIL:
		return UV_EAI_FAIL;
	case EAI_FAMILY:
		return UV_EAI_FAMILY;
	case EAI_MEMORY:
		return UV_EAI_MEMORY;
	case EAI_NODATA:
		return UV_EAI_NODATA;
	case EAI_NONAME:
		return UV_EAI_NONAME;
	case EAI_SYSTEM:
		return uv_translate_sys_error(system_error);
	default:
		return UV_EAI_FAIL;
	}
}

static void look(void *arg)
{
	static const struct addrinfo hints = { .ai_family = AF_UNSPEC,
		.ai_socktype = SOCK_STREAM };
	struct lookup *l = arg;

	l->error = getaddrinfo(l->host, l->port, &hints, &l->found);
	l->system_error = errno;
	uv_async_send(&l->over);
}

static void on_closed(uv_handle_t *h)
{
	struct lookup *l = h->data;

	l->cb(l->arg, uv_code(l->error, l->system_error),
		l->error == 0 ? l->found : NULL);
	free(l);
}

static void on_never_started(uv_handle_t *h)
{
	free(h->data);
}

static void on_over(uv_async_t *over)
{
	struct lookup *l = over->data;

	uv_thread_join(&l->thread);
	uv_close((uv_handle_t *)over, on_closed);
}

int lookup_start(uv_loop_t *loop, const char *host, const char *port,
	lookup_cb cb, void *arg)
{
	size_t size = strlen(host) + 1;
	struct lookup *l = calloc(1, sizeof(*l) + size);
	int rc;

	if (l == NULL)
		return UV_ENOMEM;
	l->cb = cb;
	l->arg = arg;
	memcpy(l->host, host, size);
	strncpy(l->port, port, sizeof(l->port) - 1);
	rc = uv_async_init(loop, &l->over, on_over);
	if (rc != 0) {
		free(l);
		return rc;
	}
	l->over.data = l;
	rc = uv_thread_create(&l->thread, look, l);
	if (rc != 0)
		uv_close((uv_handle_t *)&l->over, on_never_started);
	return rc;
}
