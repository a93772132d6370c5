#include "turns.h"

static void on_work(uv_work_t *req)
{
	const struct turns_waiter *w = req->data;

	w->work(w->arg);
}

static void on_after_work(uv_work_t *req, int status)
{
	struct turns_waiter *w = req->data;

	(void)status;
	gate_leave(&w->turns->gate, &w->pass);
	w->after(w->arg);
}

static void start(void *arg)
{
	struct turns_waiter *w = arg;

	uv_queue_work(w->turns->loop, &w->req, on_work, on_after_work);
}

void turns_open(struct turns *t, uv_loop_t *loop)
{
	t->loop = loop;
	/* mbedTLS locks RSA keys, but not the cache in EC ones. */
	gate_open(&t->gate, 1);
}

void turns_wait(struct turns *t, struct turns_waiter *w, turns_cb work,
	turns_cb after, void *arg)
{
	bool begun = w->turns != NULL;
	enum gate_state state;

	w->turns = t;
	w->req.data = w;
	w->work = work;
	w->after = after;
	w->arg = arg;
	if (begun)
		state = gate_enter_again(&t->gate, &w->pass, start, w);
	else
		state = gate_enter(&t->gate, &w->pass, start, w);
	if (state == GATE_IN)
		start(w);
}

bool turns_leave(struct turns_waiter *w)
{
	if (w->pass.state == GATE_IN) {
		uv_cancel((uv_req_t *)&w->req);
		return true;
	}
	if (w->pass.state == GATE_WAITING)
		gate_leave(&w->turns->gate, &w->pass);
	w->turns = NULL;
	return false;
}
