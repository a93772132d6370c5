#include "probing.h"

#include <stdlib.h>

#include "clock.h"
#include "text.h"

enum {
	TICK_MS = 20,
	MARGIN_MS = 2000, /* for a look-up, and a probe under way */
};

struct probing {
	uv_timer_t tick;
	struct fleet *fleet;
	char name[COMMAND_NAME_MAX];
	uint64_t number; /* of the probe that is wanted */
	uint64_t until_ms;
	probing_cb cb;
	void *arg;
};

static void end(struct probing *p, const char *error)
{
	uv_timer_stop(&p->tick);
	p->cb(p->arg, error);
}

static void on_tick(uv_timer_t *tick)
{
	struct probing *p = tick->data;
	struct server *s = fleet_find(p->fleet, p->name);

	if (s == NULL)
		end(p, "probe: the server is no longer in the configuration");
	else if (server_probes_ended(s) >= p->number)
		end(p, "");
	else if (clock_now_ms() >= p->until_ms)
		end(p,
			"probe: none has begun or ended in time; the CA file "
			"is missing, or a look-up hangs: the log says which");
}

int probing_start(struct probing **out, struct fleet *fleet,
	struct server *server, probing_cb cb, void *arg)
{
	struct probing *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return UV_ENOMEM;
	p->fleet = fleet;
	text_format(p->name, sizeof(p->name), "%s", server_name(server));
	p->number = server_probe_now(server);
	p->until_ms = clock_now_ms() + MARGIN_MS +
		2 * server_config(server)->timeout_ms;
	p->cb = cb;
	p->arg = arg;
	uv_timer_init(fleet_loop(fleet), &p->tick);
	p->tick.data = p;
	uv_timer_start(&p->tick, on_tick, TICK_MS, TICK_MS);
	*out = p;
	return 0;
}

static void on_closed(uv_handle_t *h)
{
	free(h->data);
}

void probing_close(struct probing *p)
{
	uv_close((uv_handle_t *)&p->tick, on_closed);
}
