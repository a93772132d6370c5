#include "shake.h"

void shake_open(struct shake *s, struct turns *turns, struct tls *tls,
	shake_cb cb, void *arg)
{
	*s = (struct shake){ .tls = tls, .turns = turns, .cb = cb, .arg = arg };
}

static void compute(void *arg)
{
	struct shake *s = arg;

	s->status = tls_handshake(s->tls);
}

static void on_computed(void *arg)
{
	struct shake *s = arg;

	s->spent_ms = shake_spent_ms(s);
	s->computing = false;
	s->cb(s->arg, s->status);
}

enum tls_status shake_step(struct shake *s)
{
	enum tls_status status = tls_handshake_light(s->tls);

	if (status == TLS_HEAVY) {
		s->computing = true;
		s->since_ms = uv_now(s->turns->loop);
		turns_wait(s->turns, &s->turn, compute, on_computed, s);
	}
	return status;
}

bool shake_leave(struct shake *s)
{
	return turns_leave(&s->turn);
}

bool shake_computes(const struct shake *s)
{
	return s->computing;
}

uint64_t shake_spent_ms(const struct shake *s)
{
	uint64_t now_ms = uv_now(s->turns->loop);

	return s->spent_ms + (s->computing ? now_ms - s->since_ms : 0);
}
