/*
 * Life of a trust:
 *
 *	timer -> work (a thread: stat, load if need be) -> after -> timer ...
 *
 * There is one work request, so while a look is under way its thread alone
 * owns `look`, and the loop all else.  A request that runs can't be cancelled:
 * its after-work callback comes in any case, and counts in `open` like a
 * handle.
 */
#include "trust.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { FILES = 4, PER_FILE = 7 };

/* All zero for a file that is not there.  Numbers only, for memcmp(). */
struct print {
	uint64_t v[FILES][PER_FILE];
};

struct look {
	/* in */
	bool has_last;
	bool has_in_force;
	struct print last;
	struct print in_force;
	/* out */
	struct print now;
	bool tried;
	enum tlsconf_result res;
	struct tlsconf *conf;
	struct tlsconf_report report;
};

struct trust {
	uv_timer_t timer;
	uv_work_t work;
	unsigned open; /* the timer, and the work while it is under way */
	bool closing;
	bool working;
	bool look_again;

	char *paths[FILES];
	uint64_t look_ms;
	trust_cb cb;
	void *arg;

	struct tlsconf *conf;
	struct look look;

	/* The last complaint, so as not to repeat it. */
	bool said;
	struct print said_print;
	char said_error[sizeof(((struct tlsconf_report *)0)->error)];
};

/* --- in a thread --- */

static void take_print(struct print *p, char *const paths[FILES])
{
	*p = (struct print){ .v = { { 0 } } };
	for (size_t i = 0; i < FILES; i++) {
		uint64_t *v = p->v[i];
		struct stat st;

		if (paths[i] == NULL || stat(paths[i], &st) != 0)
			continue;
		v[0] = st.st_dev;
		v[1] = st.st_ino;
		v[2] = (uint64_t)st.st_size;
		v[3] = (uint64_t)st.st_mtim.tv_sec;
		v[4] = (uint64_t)st.st_mtim.tv_nsec;
		v[5] = (uint64_t)st.st_ctim.tv_sec;
		v[6] = (uint64_t)st.st_ctim.tv_nsec;
	}
}

static bool same(const struct print *a, const struct print *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

static void on_work(uv_work_t *req)
{
	struct trust *t = req->data;
	struct look *l = &t->look;
	struct tlsconf_files files = { .ca = t->paths[0],
		.crl = t->paths[1],
		.cert = t->paths[2],
		.key = t->paths[3] };
	struct print after;

	take_print(&l->now, t->paths);
	if (l->has_in_force && same(&l->now, &l->in_force))
		return;
	if (l->has_last && !same(&l->now, &l->last))
		return;
	l->res = tlsconf_load(&l->conf, &files, &l->report);
	take_print(&after, t->paths);
	if (same(&l->now, &after)) {
		l->tried = true;
		return;
	}
	/* Changed under our hands: it may be half of this, half of that. */
	tlsconf_unref(l->conf);
	l->conf = NULL;
}

/* --- in the loop --- */

static void start_look(struct trust *t);

static void release(struct trust *t)
{
	assert(t->open > 0);
	if (--t->open > 0)
		return;
	tlsconf_unref(t->look.conf);
	tlsconf_unref(t->conf);
	for (size_t i = 0; i < FILES; i++)
		free(t->paths[i]);
	free(t);
}

static void on_closed(uv_handle_t *h)
{
	release(h->data);
}

static void complain(struct trust *t)
{
	const struct look *l = &t->look;

	if (t->said && same(&t->said_print, &l->now) &&
		strcmp(t->said_error, l->report.error) == 0)
		return;
	t->said = true;
	t->said_print = l->now;
	memcpy(t->said_error, l->report.error, sizeof(t->said_error));
	t->cb(t, t->conf != NULL ? TRUST_KEPT : TRUST_WAITING, &l->report,
		t->arg);
}

static void conclude(struct trust *t)
{
	struct look *l = &t->look;

	l->last = l->now;
	l->has_last = true;
	if (l->tried && l->res != TLSCONF_OK) {
		complain(t);
	} else if (l->tried) {
		tlsconf_unref(t->conf);
		t->conf = l->conf;
		l->conf = NULL;
		l->in_force = l->now;
		l->has_in_force = true;
		t->said = false;
		t->cb(t, TRUST_LOADED, &l->report, t->arg);
	} else if (l->has_in_force && same(&l->now, &l->in_force)) {
		t->said = false;
	}
}

static void on_timer(uv_timer_t *timer)
{
	start_look(timer->data);
}

static void wait_for_next(struct trust *t)
{
	int rc = uv_timer_start(&t->timer, on_timer, t->look_ms, 0);

	assert(rc == 0);
	(void)rc;
}

/* UV_ECANCELED comes after trust_close() only. */
static void on_looked(uv_work_t *req, int status)
{
	struct trust *t = req->data;

	t->working = false;
	if (!t->closing && status == 0)
		conclude(t);
	/* The callback may have closed, or started the next look. */
	if (!t->closing && !t->working) {
		if (t->look_again)
			start_look(t);
		else
			wait_for_next(t);
	}
	release(t);
}

static void start_look(struct trust *t)
{
	int rc;

	assert(!t->working);
	t->look_again = false;
	t->look.tried = false;
	rc = uv_queue_work(t->timer.loop, &t->work, on_work, on_looked);
	assert(rc == 0); /* it only fails without a function to call */
	(void)rc;
	t->working = true;
	t->open++;
}

void trust_look(struct trust *t)
{
	if (t->closing)
		return;
	if (t->working) {
		t->look_again = true;
		return;
	}
	uv_timer_stop(&t->timer);
	start_look(t);
}

struct tlsconf *trust_conf(const struct trust *t)
{
	return t->conf;
}

void trust_close(struct trust *t)
{
	if (t->closing)
		return;
	t->closing = true;
	if (t->working)
		uv_cancel((uv_req_t *)&t->work);
	uv_close((uv_handle_t *)&t->timer, on_closed);
}

static int copy_paths(char *paths[FILES], const struct tlsconf_files *files)
{
	const char *from[FILES] = { files->ca, files->crl, files->cert,
		files->key };

	for (size_t i = 0; i < FILES; i++) {
		if (from[i] == NULL)
			continue;
		paths[i] = strdup(from[i]);
		if (paths[i] == NULL)
			return UV_ENOMEM;
	}
	return 0;
}

int trust_open(
	struct trust **out, uv_loop_t *loop, const struct trust_options *o)
{
	struct trust *t = calloc(1, sizeof(*t));
	int rc;

	if (t == NULL)
		return UV_ENOMEM;
	t->look_ms = o->look_ms > 0 ? o->look_ms : TRUST_LOOK_MS;
	t->cb = o->cb;
	t->arg = o->arg;
	if (copy_paths(t->paths, &o->files) != 0) {
		for (size_t i = 0; i < FILES; i++)
			free(t->paths[i]);
		free(t);
		return UV_ENOMEM;
	}
	rc = uv_timer_init(loop, &t->timer);
	assert(rc == 0);
	(void)rc;
	t->timer.data = t->work.data = t;
	t->open = 1;
	start_look(t);
	*out = t;
	return 0;
}
