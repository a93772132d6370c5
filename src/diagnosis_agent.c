/* How the last poll of an agent ended. */
#include "diagnosis.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum {
	SLOW_MS = 500,
	WHERE_MAX = 128, /* of an address */
};

/* HAProxy asks agent-addr, else the check's address, else the server's. */
static void agent_where(char dst[WHERE_MAX], const struct ha_server *s)
{
	const char *host = s->address;

	if (strcmp(s->agent_address, "-") != 0)
		host = s->agent_address;
	else if (strcmp(s->check_address, "-") != 0)
		host = s->check_address;
	snprintf(dst, WHERE_MAX,
		strchr(host, ':') != NULL ? "[%s]:%s" : "%s:%s", host,
		s->agent_port);
}

/* Why; HAProxy has no words for it while it asks again. */
static void look_unreachable(
	struct diagnosis *d, const struct ha_server *s, const char *where)
{
	bool said = *s->agent_text != '\0';

	diagnosis_add(d, DIAGNOSIS_ERROR, "agent-unreachable",
		"no connection to %s%s%s%s: is usherd running there, with this "
		"port as its agent-listen?",
		where, said ? " (" : "", s->agent_text, said ? ")" : "");
}

/* It was asked and did not answer as an agent does. */
static void look_no_reply(struct diagnosis *d, const struct ha_server *s)
{
	char where[WHERE_MAX];

	agent_where(where, s);
	if (strcmp(s->agent_status, "L4CON") == 0)
		look_unreachable(d, s, where);
	else if (strcmp(s->agent_status, "L4TOUT") == 0)
		diagnosis_add(d, DIAGNOSIS_ERROR, "agent-unreachable",
			"no connection to %s in %u ms: is there a firewall, or "
			"is the host off?",
			where, s->agent_ms);
	else if (strcmp(s->agent_status, "L7TOUT") == 0)
		diagnosis_add(d, DIAGNOSIS_ERROR, "agent-late",
			"%s took the connection, but gave no answer in %u ms: "
			"is that usherd, and agent-inter (or `timeout check`) "
			"long enough?  Write `agent-inter 1s`, and with "
			"several servers on a port `agent-send \"NAME\\n\"`",
			where, s->agent_ms);
	else if (strcmp(s->agent_status, "L7RSP") == 0 ||
		strcmp(s->agent_status, "SOCKERR") == 0)
		diagnosis_add(d, DIAGNOSIS_ERROR, "agent-closed",
			"%s closes without an answer: is this HAProxy's "
			"address in `allow` of usher.conf?",
			where);
	else
		diagnosis_add(d, DIAGNOSIS_ERROR, "agent-failed",
			"the last poll of %s ended with %s%s%s", where,
			s->agent_status, *s->agent_text != '\0' ? ": " : "",
			s->agent_text);
}

/* It answered.  "CHECKED" is a reply that names no health. */
static void look_reply(struct diagnosis *d, const struct ha_server *s)
{
	bool checked = strcmp(s->agent_status, "CHECKED") == 0;
	char where[WHERE_MAX];

	agent_where(where, s);
	if (strstr(s->agent_text, "Ignoring incomplete") != NULL)
		diagnosis_add(d, DIAGNOSIS_ERROR, "agent-other",
			"the last answer of %s was no whole line: is that "
			"usherd?",
			where);
	else if (checked && *s->agent_text == '\0')
		diagnosis_add(d, DIAGNOSIS_ERROR, "agent-no-state",
			"the answer names no state: does agent-send name a "
			"server of usher.conf?  With several on a port write "
			"`agent-send \"NAME\\n\"`; or usherd has just "
			"started, and has no verdict yet");
	else if (checked && strstr(s->agent_text, DIAGNOSIS_REFUSAL) == NULL)
		diagnosis_add(d, DIAGNOSIS_ERROR, "agent-other",
			"the answer of %s is not usherd's (%s): does "
			"agent-port lead to another program?",
			where, s->agent_text);
	if (s->agent_ms >= SLOW_MS)
		diagnosis_add(d, DIAGNOSIS_NOTE, "agent-slow",
			"the last answer took %u ms; with agent-inter below "
			"that, answers are lost",
			s->agent_ms);
}

void diagnosis_of_agent(struct diagnosis *d, const struct ha_server *s)
{
	static const char *const unpolled[] = { "INI", "UNK", "", NULL };
	static const char *const polled[] = { "L7OK", "L7OKC", "L7STS",
		"CHECKED", NULL };

	if ((s->agent & HA_CHECK_ENABLED) == 0)
		diagnosis_add(d, DIAGNOSIS_ERROR, "agent-off",
			"the agent is disabled, and HAProxy keeps what it was "
			"told last; `enable agent %s/%s` on its socket",
			s->backend, s->name);
	else if (diagnosis_one_of(s->agent_status, unpolled))
		diagnosis_add(d, DIAGNOSIS_ERROR, "agent-unpolled",
			"no poll has ended yet; ask again after agent-inter");
	else if (diagnosis_one_of(s->agent_status, polled))
		look_reply(d, s);
	else
		look_no_reply(d, s);
}
