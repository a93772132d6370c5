#include "store.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "afile.h"
#include "log.h"
#include "text.h"

/* Of a server that is not in use. */
struct kept {
	char *name;
	struct orders orders;
	struct pollers pollers;
};

struct store {
	uv_loop_t *loop;
	char path[PATH_MAX];
	char problem[STATEFILE_ERROR_MAX + PATH_MAX];
	struct kept **kept; /* by name */
	size_t n_kept;
	enum standing_trust trust;
	struct afile_write *write; /* under way */
	char *last;                /* text to be written before the end */
	bool closed;
	bool in_the_way; /* the file could be neither read nor put aside */
	bool no_memory;  /* for something that was found in it */
	store_cb cb;
	void *arg;
};

/* Where it is, or would be. */
static size_t place_of(const struct store *s, const char *name)
{
	size_t low = 0, high = s->n_kept;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(s->kept[middle]->name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool is_at(const struct store *s, size_t place, const char *name)
{
	return place < s->n_kept && strcmp(s->kept[place]->name, name) == 0;
}

static void free_kept(struct kept *k)
{
	free(k->name);
	pollers_free(&k->pollers);
	free(k);
}

static int fill(struct kept *k, const struct statefile_server *from)
{
	int rc = from->pollers != NULL
		? pollers_copy(&k->pollers, from->pollers)
		: 0;

	if (rc == 0)
		k->orders = *from->orders;
	return rc;
}

static int add(
	struct store *s, size_t place, const struct statefile_server *from)
{
	struct kept **grown =
		realloc(s->kept, (s->n_kept + 1) * sizeof(*grown));
	struct kept *k;

	if (grown == NULL)
		return UV_ENOMEM;
	s->kept = grown;
	k = calloc(1, sizeof(*k));
	if (k == NULL)
		return UV_ENOMEM;
	k->name = strdup(from->name);
	if (k->name == NULL || fill(k, from) != 0) {
		free_kept(k);
		return UV_ENOMEM;
	}
	memmove(grown + place + 1, grown + place,
		(s->n_kept++ - place) * sizeof(*grown));
	grown[place] = k;
	return 0;
}

int store_remember(struct store *s, const struct statefile_server *server)
{
	size_t place = place_of(s, server->name);

	return is_at(s, place, server->name) ? fill(s->kept[place], server)
					     : add(s, place, server);
}

void store_forget(struct store *s, const char *name)
{
	size_t place = place_of(s, name);

	if (!is_at(s, place, name))
		return;
	free_kept(s->kept[place]);
	memmove(s->kept + place, s->kept + place + 1,
		(--s->n_kept - place) * sizeof(*s->kept));
}

static void on_found(void *arg, const struct statefile_server *found)
{
	struct store *s = arg;

	if (store_remember(s, found) != 0)
		s->no_memory = true;
}

static void complain(struct store *s, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void complain(struct store *s, const char *fmt, ...)
{
	va_list ap;

	s->trust = STANDING_DOUBTFUL;
	va_start(ap, fmt);
	vsnprintf(s->problem, sizeof(s->problem), fmt, ap);
	va_end(ap);
	text_clean(s->problem);
	text_quotable(s->problem);
	log_error("state text=\"%s\"", s->problem);
}

/* A damaged file is kept for people to look at. */
static void put_aside(struct store *s, const char *why)
{
	char bad[PATH_MAX + sizeof(".bad")];

	text_format(bad, sizeof(bad), "%s.bad", s->path);
	if (rename(s->path, bad) == 0) {
		complain(s,
			"%s %s: it is kept as %s, and the orders in it are "
			"lost",
			s->path, why, bad);
		return;
	}
	/* Where there is no such folder nothing can be lost. */
	s->in_the_way = errno != ENOENT && errno != ENOTDIR;
	complain(s, "%s %s%s", s->path, why,
		s->in_the_way
			? ": it is kept where it is, so nothing can be written"
			: "");
}

/* Without memory the file is as good as it was; errno tells, jansson doesn't.
 */
static int read_file(struct store *s)
{
	char error[STATEFILE_ERROR_MAX], why[STATEFILE_ERROR_MAX + 32];
	char *text;
	size_t len;
	int rc = afile_read(s->path, STATEFILE_MAX, &text, &len);

	if (rc == UV_ENOENT)
		return 0;
	if (rc == UV_ENOMEM)
		return rc;
	if (rc == UV_EFBIG) {
		put_aside(s, "is no regular file, or too large");
		return 0;
	}
	if (rc != 0) {
		text_format(why, sizeof(why), "can't be read (%s)",
			uv_strerror(rc));
		put_aside(s, why);
		return 0;
	}
	errno = 0;
	rc = statefile_decode(text, len, on_found, s, error);
	if (s->no_memory || (rc != 0 && errno == ENOMEM)) {
		rc = UV_ENOMEM;
	} else if (rc != 0) {
		text_format(why, sizeof(why), "was damaged (%s)", error);
		put_aside(s, why);
		rc = 0;
	}
	free(text);
	return rc;
}

static void free_store(struct store *s)
{
	for (size_t i = 0; i < s->n_kept; i++)
		free_kept(s->kept[i]);
	free(s->kept);
	free(s->last);
	free(s);
}

int store_open(struct store **out, uv_loop_t *loop, const char *dir)
{
	struct store *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return UV_ENOMEM;
	s->loop = loop;
	text_format(s->path, sizeof(s->path), "%s/state.json", dir);
	if (mkdir(dir, 0700) != 0 && errno != EEXIST)
		complain(s, "%s can't be made: %s; orders will be refused", dir,
			strerror(errno));
	if (read_file(s) != 0) {
		free_store(s);
		return UV_ENOMEM;
	}
	*out = s;
	return 0;
}

void store_restore(
	const struct store *s, const char *name, struct standing *fresh)
{
	static const struct kept nothing = { .name = NULL };
	size_t place = place_of(s, name);
	const struct kept *k =
		is_at(s, place, name) ? s->kept[place] : &nothing;

	standing_restore(fresh, &k->orders, &k->pollers, s->trust);
}

const char *store_problem(const struct store *s)
{
	return s->problem;
}

enum store_state store_state(const struct store *s)
{
	return s->write != NULL ? STORE_WRITING : STORE_IDLE;
}

static void write_last(const struct store *s)
{
	int rc = UV_EACCES;

	if (s->last != NULL && !s->in_the_way)
		rc = afile_replace(s->path, s->last, strlen(s->last));
	if (s->last != NULL && rc != 0)
		log_error(
			"state text=\"can't be written: %s\"", uv_strerror(rc));
}

static void on_written(void *arg, int status)
{
	struct store *s = arg;

	s->write = NULL;
	if (!s->closed) {
		s->cb(s->arg, status);
		return;
	}
	write_last(s);
	free_store(s);
}

void store_close(struct store *s)
{
	s->closed = true;
	if (s->write == NULL)
		free_store(s);
}

static char *encode_all(
	const struct store *s, const struct statefile_server *servers, size_t n)
{
	struct statefile_server *all = calloc(n + s->n_kept + 1, sizeof(*all));
	char *text;

	if (all == NULL)
		return NULL;
	for (size_t i = 0; i < n; i++)
		all[i] = servers[i];
	for (size_t i = 0; i < s->n_kept; i++)
		all[n + i] = (struct statefile_server){ s->kept[i]->name,
			&s->kept[i]->orders, &s->kept[i]->pollers };
	text = statefile_encode(all, n + s->n_kept);
	free(all);
	return text;
}

int store_write(struct store *s, const struct statefile_server *servers,
	size_t n, store_cb cb, void *arg)
{
	char *text = encode_all(s, servers, n);
	int rc = UV_ENOMEM;

	assert(s->write == NULL);
	s->cb = cb;
	s->arg = arg;
	if (s->in_the_way)
		rc = UV_EACCES;
	else if (text != NULL)
		rc = afile_start(&s->write, s->loop, s->path, text,
			strlen(text), on_written, s);
	free(text);
	return rc;
}

void store_write_last(
	struct store *s, const struct statefile_server *servers, size_t n)
{
	free(s->last);
	s->last = encode_all(s, servers, n);
	if (s->write == NULL)
		write_last(s);
}
