#include "remark.h"

#include <string.h>
#include <time.h>

#include <uv.h>

#include "answer.h"
#include "log.h"
#include "text.h"

void remark_change(
	struct history *h, const char *server, const struct remark_change *c)
{
	char reply[ANSWER_MAX];

	text_format(reply, sizeof(reply), "%s", c->reply);
	reply[strcspn(reply, "\n")] = '\0';
	text_quotable(reply);
	log_at(c->is == VERDICT_FAIL ? LOG_WARN : LOG_INFO,
		"verdict server=%s is=%s was=%s word=%s reply=\"%s\"", server,
		verdict_name(c->is), verdict_name(c->was),
		c->last->number > 0 ? outcome_word(c->last->outcome) : "none",
		reply);
	history_add(h, time(NULL), server, "verdict", "%s; HAProxy is told: %s",
		verdict_name(c->is), reply);
}

void remark_outcome(const char *server, const struct probed *p)
{
	log_at(p->outcome == OUTCOME_OK ? LOG_INFO : LOG_WARN,
		"probe server=%s word=%s text=\"%s\" detail=\"%s\"", server,
		outcome_word(p->outcome), outcome_sentence(p->outcome),
		p->detail);
}

void remark_poller(
	const char *server, enum poller_event event, const struct poller *p)
{
	char host[ADDR_TEXT_MAX];

	if (event == POLLER_NOBODY) {
		log_warn("polls server=%s text=\"nobody has polled yet\"",
			server);
		return;
	}
	addr_host_show(host, &p->host);
	if (event == POLLER_SILENT)
		log_warn("polls server=%s poller=%s text=\"has not polled for "
			 "%d of its usual intervals\"",
			server, host, (int)POLLER_LIVE_GAPS);
	else
		log_info("polls server=%s poller=%s text=\"polls again\"",
			server, host);
}

void remark_look_up(const char *server, const char *address, int status)
{
	if (status == 0)
		log_info("dns server=%s text=\"look-ups work again\"", server);
	else
		log_warn("dns server=%s text=\"look-up failed, the last "
			 "addresses stay in use\" detail=\"%s: %s\"",
			server, address, uv_strerror(status));
}

void remark_figures(
	const char *server, enum remark_figures what, const struct probed *p)
{
	if (what == REMARK_FIGURES_GONE)
		log_warn("weight server=%s text=\"no figures of its JRubies, "
			 "so no opinion: 100%%\" detail=\"%s\"",
			server, p->figures_detail);
	else
		log_info("weight server=%s text=\"figures again\"", server);
}

void remark_held(struct history *h, const char *server, const char *clause)
{
	log_info("canary server=%s text=\"the next step waits: %s\"", server,
		clause);
	history_add(h, time(NULL), server, "order",
		"the canary's next step waits: %s", clause);
}
