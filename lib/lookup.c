#include "lookup.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct lookup {
	uv_thread_t thread;
	uv_async_t over;
	int no_thread; /* why there is none; 0: there is one */
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
	int status = l->no_thread != 0 ? l->no_thread
				       : uv_code(l->error, l->system_error);

	l->cb(l->arg, status, status == 0 ? l->found : NULL);
	free(l);
}

static void on_over(uv_async_t *over)
{
	struct lookup *l = over->data;

	if (l->no_thread == 0)
		uv_thread_join(&l->thread);
	uv_close((uv_handle_t *)over, on_closed);
}

int lookup_start(struct lookup **out, uv_loop_t *loop, const char *host,
	const char *port, lookup_cb cb, void *arg)
{
	static const uv_thread_options_t options = {
		.flags = UV_THREAD_HAS_STACK_SIZE, .stack_size = LOOKUP_STACK
	};
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
	l->no_thread = uv_thread_create_ex(&l->thread, &options, look, l);
	if (l->no_thread != 0)
		uv_async_send(&l->over);
	*out = l;
	return 0;
}

void lookup_leave(struct lookup *l)
{
	uv_unref((uv_handle_t *)&l->over);
}
