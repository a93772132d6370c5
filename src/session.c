#include "session.h"

#include <stddef.h>

static const struct tls_saved *fresh(const struct session *s, uint64_t now_ms)
{
	return now_ms - s->full_ms < SESSION_FULL_MS ? s->saved : NULL;
}

const struct tls_saved *session_offer(struct session *s, uint64_t now_ms)
{
	const struct tls_saved *saved = fresh(s, now_ms);

	s->offered = saved != NULL;
	return saved;
}

bool session_is_costly(const struct session *s, uint64_t now_ms)
{
	return s->refused || fresh(s, now_ms) == NULL;
}

void session_keep(struct session *s, struct probe_report *r,
	enum session_files files, uint64_t now_ms)
{
	bool valid = r->outcome == OUTCOME_OK && files == SESSION_SAME_FILES;
	bool secured = r->tls_version != NULL;

	if (secured)
		s->refused = s->offered && !r->resumed;
	s->offered = false;
	if (!valid || r->saved != NULL)
		session_forget(s);
	if (valid && r->saved != NULL)
		s->saved = r->saved;
	else
		tls_saved_free(r->saved);
	if (secured && !r->resumed)
		s->full_ms = now_ms;
}

void session_forget(struct session *s)
{
	tls_saved_free(s->saved);
	s->saved = NULL;
}
