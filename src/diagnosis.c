#include "diagnosis.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "text.h"

/* What HAProxy writes before what an agent says of itself being up. */
#define AGENT_UP "via agent : up"

void diagnosis_add(struct diagnosis *d, enum diagnosis_level level,
	const char *code, const char *fmt, ...)
{
	struct finding *f = &d->list[d->n];
	va_list ap;

	if (d->n == DIAGNOSIS_MAX)
		return;
	f->level = level;
	f->code = code;
	va_start(ap, fmt);
	vsnprintf(f->text, sizeof(f->text), fmt, ap);
	va_end(ap);
	text_clean(f->text); /* a character may have been cut */
	d->n++;
	d->errors += level == DIAGNOSIS_ERROR;
}

static bool begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

int diagnosis_one_of(const char *text, const char *const *list)
{
	while (*list != NULL && strcmp(text, *list) != 0)
		list++;
	return *list != NULL;
}

static bool has_agent(const struct ha_server *s)
{
	return (s->agent & HA_CHECK_CONFIGURED) != 0;
}

/* --- what stands beside it --- */

typedef bool (*holds)(const struct ha_server *s);

/* Whether it holds for a server of this one's backend. */
static bool any_beside(const struct hastats *all, size_t i, holds test)
{
	const char *backend = all->list[i].backend;
	size_t k = i;

	while (k > 0 && strcmp(all->list[k - 1].backend, backend) == 0)
		k--;
	for (; k < all->n && strcmp(all->list[k].backend, backend) == 0; k++)
		if (test(&all->list[k]))
			return true;
	return false;
}

static bool tracks_agent(const struct hastats *all, const struct ha_server *s)
{
	for (size_t i = 0; *s->tracks != '\0' && i < all->n; i++) {
		const struct ha_server *other = &all->list[i];
		size_t len = strlen(other->backend);

		if (has_agent(other) && begins(s->tracks, other->backend) &&
			s->tracks[len] == '/' &&
			strcmp(s->tracks + len + 1, other->name) == 0)
			return true;
	}
	return false;
}

int diagnosis_concerns(const struct hastats *all, size_t i)
{
	return any_beside(all, i, has_agent) ||
		tracks_agent(all, &all->list[i]);
}

/* --- the weight --- */

static void look_initial(struct diagnosis *d, const struct ha_server *s)
{
	unsigned least = s->initial > 0 ? 99 / s->initial + 1 : 0;

	if (s->initial == 0)
		diagnosis_add(d, DIAGNOSIS_ERROR, "weight-0",
			"weight 0 in the configuration: no percentage gives it "
			"work; write `weight 100`");
	else if (s->initial == 1)
		diagnosis_add(d, DIAGNOSIS_ERROR, "weight-1",
			"weight 1: any percentage below 100%% empties it; "
			"write "
			"`weight 100`");
	else if (s->initial < 100)
		diagnosis_add(d,
			s->initial < 10 ? DIAGNOSIS_ERROR : DIAGNOSIS_NOTE,
			"weight-low",
			"weight %u: percentages below %u%% empty it, and the "
			"others are cut; write `weight 100` or more",
			s->initial, least);
}

static void look_weight(struct diagnosis *d, const struct ha_server *s)
{
	look_initial(d, s);
	if (s->initial > 0 && s->weight == 0 &&
		(begins(s->status, "UP") || strcmp(s->status, "no check") == 0))
		diagnosis_add(d,
			s->initial < 100 ? DIAGNOSIS_ERROR : DIAGNOSIS_NOTE,
			"weight-now",
			"its weight is 0 now, of %u: no new connections, "
			"though its status is `%s`",
			s->initial, s->status);
}

/* --- the algorithm --- */

static bool is_partial(const struct ha_server *s)
{
	return s->weight != 0 && s->weight != s->initial;
}

static void look_algo(struct diagnosis *d, const struct hastats *all, size_t i)
{
	static const char *const hashes[] = { "source", "uri", "url_param",
		"hdr", "rdp-cookie", "hash", NULL };
	const struct ha_server *s = &all->list[i];
	bool refused = strstr(s->agent_text, DIAGNOSIS_REFUSAL) != NULL;

	if (strcmp(s->algo, "static-rr") == 0)
		diagnosis_add(d, DIAGNOSIS_ERROR, "static",
			"`balance static-rr` takes 0%% and 100%% only; write "
			"`balance roundrobin`");
	else if (refused && diagnosis_one_of(s->algo, hashes))
		diagnosis_add(d, DIAGNOSIS_ERROR, "static",
			"HAProxy has refused a percentage: `balance %s` with a "
			"map-based hash takes 0%% and 100%% only; write "
			"`hash-type consistent`",
			s->algo);
	else if (refused)
		diagnosis_add(d, DIAGNOSIS_ERROR, "static",
			"HAProxy has refused a percentage: this backend takes "
			"0%% and 100%% only; write `balance roundrobin`, or "
			"below a hash `hash-type consistent`");
	else if (diagnosis_one_of(s->algo, hashes) &&
		!any_beside(all, i, is_partial))
		diagnosis_add(d, DIAGNOSIS_NOTE, "hash-type",
			"`balance %s` takes percentages only with `hash-type "
			"consistent`, which HAProxy's state does not show",
			s->algo);
	else if (strcmp(s->algo, "first") == 0)
		diagnosis_add(d, DIAGNOSIS_NOTE, "first",
			"`balance first` heeds no percentage but 0%%");
}

/* --- the admin state --- */

/*
 * The reason that usherd gives, where it says up; else NULL.  With another
 * health the reason is that health's, and says nothing of the orders.
 */
static const char *reason_of(const struct ha_server *s)
{
	if (strcmp(s->agent_status, "L7OK") != 0 ||
		!begins(s->agent_text, AGENT_UP) ||
		strstr(s->agent_text, DIAGNOSIS_REFUSAL) != NULL)
		return NULL;
	return s->agent_text + strlen(AGENT_UP);
}

/* What usherd, as it words its orders, has asked for with this reason. */
static unsigned asked(const char *reason)
{
	if (begins(reason, " (maint by "))
		return HA_FORCED_MAINT;
	if (begins(reason, " (drain by ") || begins(reason, " (hold by ") ||
		begins(reason, " (stopping"))
		return HA_FORCED_DRAIN;
	return 0;
}

static void look_forced(struct diagnosis *d, const struct ha_server *s)
{
	unsigned forced = s->admin & (HA_FORCED_MAINT | HA_FORCED_DRAIN);
	const char *reason = reason_of(s);

	if (reason == NULL || (forced & ~asked(reason)) == 0)
		return;
	if ((s->admin & HA_FORCED_MAINT) != 0 &&
		(s->admin & HA_CONFIGURED_MAINT) != 0)
		diagnosis_add(d, DIAGNOSIS_ERROR, "disabled",
			"in maintenance by `disabled` on its line, not by "
			"usher: take the word away, and `set server %s/%s "
			"state ready` on HAProxy's socket",
			s->backend, s->name);
	else
		diagnosis_add(d, DIAGNOSIS_ERROR, "stuck",
			"%s here, but usher does not ask for it: set by hand, "
			"or left from an older state file; `set server %s/%s "
			"state ready` on HAProxy's socket ends it, or "
			"`usherctl auto`, which tells every HAProxy `ready`",
			(forced & HA_FORCED_MAINT) != 0 ? "in maintenance"
							: "drained",
			s->backend, s->name);
}

static void look_admin(struct diagnosis *d, const struct ha_server *s)
{
	look_forced(d, s);
	if ((s->admin & HA_NO_ADDRESS) != 0)
		diagnosis_add(d, DIAGNOSIS_ERROR, "no-address",
			"in maintenance since its name has no address (DNS): "
			"usher can't end that");
	if ((s->admin & (HA_TRACKED_MAINT | HA_TRACKED_DRAIN)) != 0)
		diagnosis_add(d, DIAGNOSIS_NOTE, "tracked",
			"%s because `track %s` is: look there",
			(s->admin & HA_TRACKED_MAINT) != 0 ? "in maintenance"
							   : "drained",
			s->tracks);
}

/* --- the health check --- */

static void look_check(struct diagnosis *d, const struct ha_server *s)
{
	if ((s->check & HA_CHECK_CONFIGURED) == 0 && *s->tracks == '\0')
		diagnosis_add(d, DIAGNOSIS_NOTE, "no-check",
			"no `check` beside the agent: when usherd is gone, "
			"HAProxy keeps what it was told last; add `check`");
	else if (begins(s->status, "DOWN") &&
		strcmp(s->status, "DOWN (agent)") != 0 && reason_of(s) != NULL)
		diagnosis_add(d, DIAGNOSIS_NOTE, "check-fails",
			"usher says up, but HAProxy's own check fails: %s%s%s",
			s->check_status, *s->check_text != '\0' ? ", " : "",
			s->check_text);
}

/* --- all of it --- */

void diagnosis_of_server(
	struct diagnosis *d, const struct hastats *all, size_t i)
{
	const struct ha_server *s = &all->list[i];

	memset(d, 0, sizeof(*d));
	if (has_agent(s)) {
		diagnosis_of_agent(d, s);
		look_weight(d, s);
		look_algo(d, all, i);
		look_admin(d, s);
		look_check(d, s);
	} else if (tracks_agent(all, s)) {
		diagnosis_add(d, DIAGNOSIS_NOTE, "track",
			"tracks %s: follows its health, drain and maintenance, "
			"not its weight",
			s->tracks);
	} else {
		diagnosis_add(d, DIAGNOSIS_NOTE, "no-agent",
			"no agent-check here, but beside it; add `agent-check "
			"agent-inter 1s agent-port 8141`");
	}
}

void diagnosis_of_all(struct diagnosis *d, const struct hastats *all)
{
	bool agents = false, algos = true;

	memset(d, 0, sizeof(*d));
	for (size_t i = 0; i < all->n; i++) {
		if (!has_agent(&all->list[i]))
			continue;
		agents = true;
		algos = algos && *all->list[i].algo != '\0';
	}
	if (!agents) {
		diagnosis_add(d, DIAGNOSIS_ERROR, "no-agents",
			"no server has an agent-check; add to each server line "
			"`agent-check agent-inter 1s agent-port 8141 weight "
			"100`");
		return;
	}
	if (!algos)
		diagnosis_add(d, DIAGNOSIS_NOTE, "level",
			"this socket does not show which algorithm a backend "
			"has; one with `level operator` does");
	diagnosis_add(d, DIAGNOSIS_NOTE, "agent-inter",
		"agent-inter is not in HAProxy's state; `usherctl pollers` on "
		"the Puppet Server's host shows how often it asks");
}
