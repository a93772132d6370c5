#ifndef SHAKE_H
#define SHAKE_H

#include <stdbool.h>
#include <stdint.h>

#include "tls.h"
#include "turns.h"

/*
 * The handshake of a TLS session.  A full one computes: that is done in a
 * thread, when its turn has come, and the loop goes on meanwhile.
 */
struct shake;

/* From the loop: a thread is done, with what tls_handshake() has said. */
typedef void (*shake_cb)(void *arg, enum tls_status status);

/* Embedded in its owner, who must not move it.  All fields are private. */
struct shake {
	struct tls *tls;
	struct turns *turns;
	struct turns_waiter turn;
	bool computing;    /* or waiting for its turn */
	uint64_t since_ms; /* computing */
	uint64_t spent_ms; /* before that */
	enum tls_status status;
	shake_cb cb;
	void *arg;
};

/* `tls` and `turns` are borrowed. */
void shake_open(struct shake *s, struct turns *turns, struct tls *tls,
	shake_cb cb, void *arg);

/*
 * One step, with all that has been fed: what tls_handshake_light() says.  With
 * TLS_HEAVY nobody may touch `tls` until the callback.
 */
enum tls_status shake_step(struct shake *s);

/* True: the callback comes once more, as soon as `tls` may be touched again. */
bool shake_leave(struct shake *s);

/* Or waits for its turn, and not for the peer. */
bool shake_computes(const struct shake *s);

/* How long the peer has waited for us so far, and not we for it. */
uint64_t shake_spent_ms(const struct shake *s);

#endif
