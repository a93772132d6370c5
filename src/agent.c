#include "agent.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "serve.h"
#include "text.h"

struct agent {
	uv_loop_t *loop;
	struct serve *serve; /* NULL: shut */
	bool stuck;          /* could not be opened again */
	struct agent_record *record;
	const struct addr_net *nets; /* who may poll */
	size_t n_nets;
	agent_line_cb line;
	void *arg;
	char *address; /* as it was given */
	char owner[AGENT_NAME_MAX + 1];
};

static const char unknown_server[] = "# unknown server\n";

static enum serve_next refuse(struct agent *a, const struct sockaddr *peer)
{
	enum seen_answer seen;
	char *address = a->record->refused_last;

	a->record->refused++;
	addr_show_host(address, peer);
	seen = seen_look(&a->record->refused_from, address, strlen(address));
	if (seen != SEEN_KNOWN)
		log_warn("refused poller=%s text=\"not in allow%s\"", address,
			seen == SEEN_FULL ? "; more will not be listed" : "");
	return SERVE_REFUSE;
}

static enum serve_next answer(
	struct agent *a, struct serve_request *r, const char *line, size_t len)
{
	a->record->answered++;
	r->reply = line;
	r->reply_len = len;
	return SERVE_REPLY;
}

static enum serve_next answer_unknown(
	struct agent *a, struct serve_request *r, const char *name)
{
	enum seen_answer seen;
	char address[ADDR_TEXT_MAX];

	addr_show_host(address, r->peer);
	seen = seen_look(&a->record->unknown_names, name, strlen(name));
	if (seen != SEEN_KNOWN)
		log_warn("unknown poller=%s asked=\"%s\" text=\"%s%s\"",
			address, name,
			*name != '\0' ? "no [server] section has this name"
				      : "several servers share this port: "
					"agent-send must name one",
			seen == SEEN_FULL ? "; more will not be listed" : "");
	return answer(a, r, unknown_server, strlen(unknown_server));
}

void agent_name(char name[AGENT_NAME_MAX + 1], const char *sent, size_t len)
{
	const char *start = sent, *end = sent + len;
	const char *newline = memchr(start, '\n', len);
	char *zero;
	size_t n;

	if (newline != NULL)
		end = newline;
	while (start < end && (*start == ' ' || *start == '\t'))
		start++;
	while (end > start &&
		(end[-1] == ' ' || end[-1] == '\t' || end[-1] == '\r'))
		end--;
	n = (size_t)(end - start);
	if (n > AGENT_NAME_MAX)
		n = AGENT_NAME_MAX;
	/* Cut at a '\0' it might be another server's name. */
	memcpy(name, start, n);
	while ((zero = memchr(name, '\0', n)) != NULL)
		*zero = '?';
	name[n] = '\0';
	/* It goes into the log between quotes; no server's name has one. */
	text_quotable(name);
}

static enum serve_next on_request(struct serve_request *r, void *arg)
{
	char name[AGENT_NAME_MAX + 1];
	struct agent *a = arg;
	struct agent_poll poll = { .peer = r->peer, .owner = a->owner };
	const char *line;
	size_t len;

	if (r->event == SERVE_OPENED) {
		if (!addr_in_nets(r->peer, a->nets, a->n_nets))
			return refuse(a, r->peer);
		line = a->line(a->arg, &poll, &len);
		return line != NULL ? answer(a, r, line, len) : SERVE_WAIT;
	}
	if (r->event == SERVE_MORE && memchr(r->data, '\n', r->len) == NULL)
		return SERVE_WAIT;
	agent_name(name, r->data, r->len);
	poll.name = name;
	line = a->line(a->arg, &poll, &len);
	return line != NULL ? answer(a, r, line, len)
			    : answer_unknown(a, r, name);
}

static int listen_as_configured(struct agent *a)
{
	return serve_open_text(&a->serve, a->loop, a->address,
		AGENT_PATIENCE_MS, on_request, a);
}

static void free_agent(struct agent *a)
{
	free(a->address);
	free(a);
}

void agent_forget(struct agent_record *r)
{
	r->refused_from.n = 0;
	r->unknown_names.n = 0;
}

int agent_open(
	struct agent **out, uv_loop_t *loop, const struct agent_options *o)
{
	struct agent *a = calloc(1, sizeof(*a));
	int rc = UV_ENOMEM;

	if (a == NULL)
		return rc;
	a->loop = loop;
	a->record = o->record;
	a->line = o->line;
	a->arg = o->arg;
	a->address = strdup(o->address);
	if (a->address != NULL)
		rc = listen_as_configured(a);
	if (rc != 0) {
		free_agent(a);
		return rc;
	}
	*out = a;
	return 0;
}

void agent_close(struct agent *a)
{
	agent_shut(a);
	free_agent(a);
}

void agent_shut(struct agent *a)
{
	if (a->serve != NULL)
		serve_close(a->serve);
	a->serve = NULL;
}

int agent_reopen(struct agent *a)
{
	int rc = listen_as_configured(a);

	if (rc != 0 && !a->stuck)
		log_error("listen agent=%s text=\"can't listen there again: "
			  "%s\"",
			a->address, uv_strerror(rc));
	a->stuck = rc != 0;
	return rc;
}

int agent_is_open(const struct agent *a)
{
	return a->serve != NULL;
}

void agent_configure(struct agent *a, const char *owner,
	const struct addr_net *nets, size_t n_nets)
{
	text_format(a->owner, sizeof(a->owner), "%s", owner);
	a->nets = nets;
	a->n_nets = n_nets;
}

int agent_is(const struct agent *a, const char *address)
{
	return strcmp(a->address, address) == 0;
}

void agent_address(const struct agent *a, char dst[ADDR_TEXT_MAX])
{
	struct sockaddr_storage sa = { .ss_family = AF_UNSPEC };

	if (a->serve != NULL)
		serve_address(a->serve, &sa);
	addr_show(dst, (struct sockaddr *)&sa);
}
