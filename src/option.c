#include "option.h"

#include <stdlib.h>
#include <string.h>

#include <uv.h>

#include "text.h"

#define USHER(n, k, field, lo, hi, c, d) \
	{ \
		OPTION_USHER, n, OPTION_##k, offsetof(struct config, field), \
			lo, hi, c, d \
	}
#define SERVER(n, k, field, lo, hi, c, d) \
	{ \
		OPTION_SERVER, n, OPTION_##k, \
			offsetof(struct config_server, field), lo, hi, c, d \
	}

enum { SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE };

/* clang-format off */
const struct option options[] = {
	USHER("agent-listen", PORTS, agent_listen, 0, 0, NULL, "*:8141"),
	USHER("allow", NETS, allow, 0, 0, NULL,
		"127.0.0.0/8 ::1 10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 "
		"fc00::/7 fe80::/10"),
	USHER("http-listen", PORTS, http_listen, 0, 0, NULL, ""),
	USHER("control-socket", TEXT, control_socket, 0, 0, NULL,
		"/run/usher/control.sock"),
	USHER("control-group", TEXT, control_group, 0, 0, NULL, "usher"),
	USHER("state-dir", TEXT, state_dir, 0, 0, NULL, "/var/lib/usher"),
	USHER("ready", CHOICE, ready, 0, 0, "auto always never", "auto"),
	USHER("require-reason", CHOICE, require_reason, 0, 0, "no yes", "no"),
	USHER("log-level", CHOICE, log_level, 0, 0,
		"error warn info debug", "info"),
	SERVER("address", TARGET, address, 0, 0, NULL, ""),
	SERVER("tls-name", TEXT, tls_name, 0, 0, NULL, ""),
	SERVER("ca-file", TEXT, ca_file, 0, 0, NULL, ""),
	SERVER("crl-file", TEXT, crl_file, 0, 0, NULL, ""),
	SERVER("cert-file", TEXT, cert_file, 0, 0, NULL, ""),
	SERVER("key-file", TEXT, key_file, 0, 0, NULL, ""),
	SERVER("check", CHOICE, check, 0, 0, "simple legacy", "simple"),
	SERVER("interval", TIME, interval_ms, 100, HOUR, NULL, "2s"),
	SERVER("fast-interval", TIME, fast_interval_ms, 50, HOUR, NULL,
		"500ms"),
	SERVER("timeout", TIME, timeout_ms, 100, MINUTE, NULL, "5s"),
	SERVER("rise", NUMBER, rise, 1, 100, NULL, "2"),
	SERVER("fall", NUMBER, fall, 1, 100, NULL, "3"),
	SERVER("busy-limit", TIME, busy_limit_ms, 0, HOUR, NULL, "10s"),
	SERVER("weight", CHOICE, weight, 0, 0, "fixed jruby", "fixed"),
	SERVER("min-weight", NUMBER, min_weight, 1, 100, NULL, "1"),
	SERVER("ramp", TIME, ramp_ms, 0, HOUR, NULL, "0s"),
	SERVER("agent-listen", PORTS, agent_listen, 0, 0, NULL, ""),
};
/* clang-format on */

const size_t options_n = sizeof(options) / sizeof(*options);

const struct option *option_find(enum option_section section, const char *name)
{
	for (size_t i = 0; i < options_n; i++) {
		if (options[i].section == section &&
			strcmp(options[i].name, name) == 0)
			return &options[i];
	}
	return NULL;
}

size_t option_next_word(const char **list, const char **word)
{
	size_t len;

	*word = *list + strspn(*list, " \t");
	len = strcspn(*word, " \t");
	*list = *word + len;
	return len;
}

static int set_text(char **field, const char *value)
{
	char *copy = strdup(value);

	if (copy == NULL)
		return UV_ENOMEM;
	free(*field);
	*field = copy;
	return 0;
}

static int set_time(const struct option *o, uint64_t *field, const char *value,
	char error[OPTION_ERROR_MAX])
{
	char min[24], max[24];
	uint64_t ms;

	if (text_parse_time(value, &ms) == 0 && ms >= o->min && ms <= o->max) {
		*field = ms;
		return 0;
	}
	text_show_time(min, sizeof(min), o->min);
	text_show_time(max, sizeof(max), o->max);
	text_format(error, OPTION_ERROR_MAX,
		"%s = %s: a whole number with ms, s, m, h or d, from %s to %s",
		o->name, value, min, max);
	return UV_EINVAL;
}

static int set_number(const struct option *o, uint64_t *field,
	const char *value, char error[OPTION_ERROR_MAX])
{
	uint64_t n;

	if (text_parse_number(value, o->max, &n) == 0 && n >= o->min) {
		*field = n;
		return 0;
	}
	text_format(error, OPTION_ERROR_MAX,
		"%s = %s: a whole number from %llu to %llu", o->name, value,
		(unsigned long long)o->min, (unsigned long long)o->max);
	return UV_EINVAL;
}

/* All choices are enums of ours, which gcc and clang store in an unsigned. */
static int set_choice(const struct option *o, unsigned *field,
	const char *value, char error[OPTION_ERROR_MAX])
{
	const char *list = o->choices, *word;
	size_t len;

	for (unsigned i = 0; (len = option_next_word(&list, &word)) > 0; i++) {
		if (strlen(value) == len && memcmp(value, word, len) == 0) {
			*field = i;
			return 0;
		}
	}
	text_format(error, OPTION_ERROR_MAX, "%s = %s: one of: %s", o->name,
		value, o->choices);
	return UV_EINVAL;
}

static int is_port(const char *word, size_t len)
{
	struct sockaddr_storage sa;
	struct addr_parts parts;
	char text[300];

	if (len >= sizeof(text))
		return 0;
	memcpy(text, word, len);
	text[len] = '\0';
	if (addr_split(&parts, text, 0) != 0)
		return 0;
	return strcmp(parts.host, "*") == 0 ||
		addr_literal(&sa, parts.host, parts.port) == 0;
}

static int set_ports(const struct option *o, char **field, const char *value,
	char error[OPTION_ERROR_MAX])
{
	const char *list = value, *word;
	size_t len;

	while ((len = option_next_word(&list, &word)) > 0) {
		if (is_port(word, len))
			continue;
		text_format(error, OPTION_ERROR_MAX,
			"%s = %s: `%.*s` is not ADDRESS:PORT, such as *:8141, "
			"192.0.2.1:8141 or [::1]:8141",
			o->name, value, (int)len, word);
		return UV_EINVAL;
	}
	return set_text(field, value);
}

static int set_target(const struct option *o, char **field, const char *value,
	char error[OPTION_ERROR_MAX])
{
	struct addr_parts parts;

	if (*value == '\0' ||
		(addr_split(&parts, value, 8140) == 0 && parts.port > 0 &&
			strcmp(parts.host, "*") != 0 &&
			strpbrk(value, " \t") == NULL))
		return set_text(field, value);
	text_format(error, OPTION_ERROR_MAX,
		"%s = %s: HOST:PORT, such as puppet1.example.com:8140", o->name,
		value);
	return UV_EINVAL;
}

static int set_nets(const struct option *o, struct config *c, const char *value,
	char error[OPTION_ERROR_MAX])
{
	size_t cap = strlen(value) / 2 + 1, n = 0, len;
	struct addr_net *nets = calloc(cap, sizeof(*nets));
	const char *list = value, *word;

	if (nets == NULL)
		return UV_ENOMEM;
	while ((len = option_next_word(&list, &word)) > 0) {
		char text[64];

		text_format(text, sizeof(text), "%.*s", (int)len, word);
		if (addr_net_parse(&nets[n++], text) == 0)
			continue;
		text_format(error, OPTION_ERROR_MAX,
			"%s: `%s` is neither an address nor a net such as "
			"10.0.0.0/8 or fe80::/10",
			o->name, text);
		free(nets);
		return UV_EINVAL;
	}
	free(c->allow);
	c->allow = nets;
	c->n_allow = n;
	return 0;
}

int option_set(const struct option *o, void *target, const char *value,
	char error[OPTION_ERROR_MAX])
{
	void *field = (char *)target + o->offset;

	switch (o->kind) {
	case OPTION_TEXT:
		return set_text(field, value);
	case OPTION_TIME:
		return set_time(o, field, value, error);
	case OPTION_NUMBER:
		return set_number(o, field, value, error);
	case OPTION_CHOICE:
		return set_choice(o, field, value, error);
	case OPTION_PORTS:
		return set_ports(o, field, value, error);
	case OPTION_TARGET:
		return set_target(o, field, value, error);
	case OPTION_NETS:
		return set_nets(o, target, value, error);
	}
	return UV_EINVAL;
}
