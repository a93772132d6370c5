#include "puppet.h"

#include <stdbool.h>
#include <string.h>

#include "jsonin.h"
#include "text.h"

size_t puppet_get(char dst[PUPPET_REQUEST_MAX], const char *path,
	const char *accept, const char *host)
{
	return text_format(dst, PUPPET_REQUEST_MAX,
		"GET %s HTTP/1.1\r\n"
		"Host: %s\r\n"
		"User-Agent: usherd\r\n"
		"Accept: %s\r\n"
		"\r\n",
		path, host, accept);
}

size_t puppet_request(
	char dst[PUPPET_REQUEST_MAX], enum puppet_check check, const char *host)
{
	if (check == PUPPET_LEGACY)
		return puppet_get(
			dst, "/production/status/no_key", "pson", host);
	return puppet_get(dst, "/status/v1/simple", "text/plain", host);
}

static bool blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* The word alone, perhaps with white space around it. */
static enum outcome read_simple(const char *body, size_t len)
{
	static const struct {
		const char *word;
		enum outcome outcome;
	} states[] = {
		{ "running", OUTCOME_OK },
		{ "starting", OUTCOME_STARTING },
		{ "stopping", OUTCOME_STOPPING },
		{ "error", OUTCOME_ERROR },
		{ "unknown", OUTCOME_UNKNOWN },
	};

	while (len > 0 && blank(body[len - 1]))
		len--;
	while (len > 0 && blank(*body)) {
		body++;
		len--;
	}
	for (size_t i = 0; i < sizeof(states) / sizeof(*states); i++) {
		if (strlen(states[i].word) == len &&
			memcmp(states[i].word, body, len) == 0)
			return states[i].outcome;
	}
	return OUTCOME_HTTP;
}

static enum outcome read_legacy(const char *body, size_t len)
{
	enum outcome o = OUTCOME_HTTP;
	json_t *root = jsonin_load(body, len);
	const json_t *alive = json_object_get(root, "is_alive");

	if (json_is_true(alive))
		o = OUTCOME_OK;
	else if (json_is_false(alive))
		o = OUTCOME_ERROR;
	json_decref(root);
	return o;
}

enum outcome puppet_outcome(
	enum puppet_check check, int code, const char *body, size_t len)
{
	switch (code) {
	case 200:
		return check == PUPPET_SIMPLE ? read_simple(body, len)
					      : read_legacy(body, len);
	case 503:
		/* Jetty, while it stops, sends a page of its own. */
		if (check == PUPPET_SIMPLE &&
			read_simple(body, len) != OUTCOME_OK)
			return read_simple(body, len);
		return OUTCOME_HTTP;
	case 403:
		return OUTCOME_FORBIDDEN;
	case 404:
		return OUTCOME_NOTFOUND;
	default:
		return OUTCOME_HTTP;
	}
}
