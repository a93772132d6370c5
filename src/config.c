/*
 * Reading has three steps: collect every section and value with its line, so
 * that [defaults] counts wherever it stands; set each option of each server
 * from the table's default, [defaults] and its own section, in this order;
 * work out what is left open and check what must fit together.
 */
#include "config.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <uv.h>

#include "option.h"
#include "sections.h"

/*
 * An empty value is the default, as if the option were not there; so is, from
 * then on, one that was found wrong: it is told once.
 */
static void set_entry(struct sections *r, struct entry *e, void *target)
{
	char error[OPTION_ERROR_MAX] = "no memory";

	if (*e->value == '\0')
		return;
	if (option_set(e->option, target, e->value, error) == 0)
		return;
	sections_complain(r, e->line, "%s", error);
	*e->value = '\0';
}

static void set_standard(
	struct sections *r, enum option_section section, void *target)
{
	char error[OPTION_ERROR_MAX];

	for (size_t i = 0; i < options_n; i++) {
		if (options[i].section == section &&
			option_set(&options[i], target, options[i].standard,
				error) != 0)
			r->no_memory = true;
	}
}

static void set_from(struct sections *r, struct section *s, void *target)
{
	for (size_t i = 0; i < s->entries.n; i++)
		set_entry(r, &s->entries.list[i], target);
}

/* `section` is NULL for the server that stands for this host; NULL: no memory.
 */
static struct config_server *add_server(struct sections *r, struct config *c,
	struct section *section, const char *name)
{
	struct config_server *s;

	s = sections_grow((void **)&c->servers, &c->n_servers, sizeof(*s));
	if (s == NULL) {
		r->no_memory = true;
		return NULL;
	}
	s->name = strdup(name);
	r->no_memory = r->no_memory || s->name == NULL;
	set_standard(r, OPTION_SERVER, s);
	set_from(r, &r->defaults, s);
	if (section != NULL)
		set_from(r, section, s);
	return r->no_memory ? NULL : s;
}

static void set_if_empty(struct sections *r, char **field, const char *value)
{
	char *copy;

	if (*field != NULL && **field != '\0')
		return;
	copy = strdup(value);
	if (copy == NULL) {
		r->no_memory = true;
		return;
	}
	free(*field);
	*field = copy;
}

/* Whom the certificate must name: the address, or else the section's name. */
static void work_out_name(
	struct sections *r, struct config_server *s, unsigned line)
{
	struct sockaddr_storage sa;
	struct addr_parts parts;

	if (r->no_memory || *s->tls_name != '\0' ||
		addr_split(&parts, s->address, 8140) != 0)
		return;
	if (addr_literal(&sa, parts.host, 0) != 0)
		set_if_empty(r, &s->tls_name, parts.host);
	else if (addr_literal(&sa, s->name, 0) != 0)
		set_if_empty(r, &s->tls_name, s->name);
	else
		sections_complain(r, line,
			"[server %s]: tls-name is needed: the name in the "
			"server's certificate, since its address is a number",
			s->name);
}

static void check_name(
	struct sections *r, const struct config_server *s, unsigned line)
{
	struct sockaddr_storage sa;

	if (*s->tls_name != '\0' &&
		(strpbrk(s->tls_name, " \t/@") != NULL ||
			strlen(s->tls_name) > 253 ||
			addr_literal(&sa, s->tls_name, 0) == 0))
		sections_complain(r, line,
			"[server %s]: tls-name = %.60s: a host name, as it "
			"stands in the server's certificate",
			s->name, s->tls_name);
}

static void check_path(struct sections *r, const struct config_server *s,
	unsigned line, const char *option, const char *path)
{
	if (*path != '\0' && *path != '/')
		sections_complain(r, line,
			"[server %s]: %s = %.100s: a path begins with /",
			s->name, option, path);
}

static void check_paths(
	struct sections *r, const struct config_server *s, unsigned line)
{
	check_path(r, s, line, "ca-file", s->ca_file);
	if (strcmp(s->crl_file, "none") != 0)
		check_path(r, s, line, "crl-file", s->crl_file);
	check_path(r, s, line, "cert-file", s->cert_file);
	check_path(r, s, line, "key-file", s->key_file);
}

static void work_out(struct sections *r, struct config_server *s, unsigned line,
	const struct puppetconf *host)
{
	set_if_empty(r, &s->address, s->name);
	work_out_name(r, s, line);
	set_if_empty(r, &s->ca_file, host->ca_file);
	set_if_empty(r, &s->crl_file, host->crl_file);
	if (r->no_memory)
		return;
	check_name(r, s, line);
	check_paths(r, s, line);
	if (s->weight == WEIGHT_JRUBY && s->check == PUPPET_LEGACY)
		sections_complain(r, line,
			"[server %s]: weight = jruby needs check = simple: a "
			"master of Puppet 3 tells nothing of its JRubies",
			s->name);
	if (s->fast_interval_ms > s->interval_ms)
		s->fast_interval_ms = s->interval_ms;
	if ((*s->cert_file == '\0') != (*s->key_file == '\0'))
		sections_complain(r, line,
			"[server %s]: cert-file and key-file go together; "
			"set both or none",
			s->name);
}

/*
 * Without a section, one server: this host.  It is built, and [defaults]
 * checked with it, also where its name is not known.
 */
static void add_servers(
	struct sections *r, struct config *c, const struct puppetconf *host)
{
	struct config_server *s;

	for (size_t i = 0; i < r->n_servers; i++) {
		struct section *section = &r->servers[i];

		s = add_server(r, c, section, section->name);
		if (s != NULL)
			work_out(r, s, section->line, host);
	}
	if (c->n_servers > 0)
		return;
	s = add_server(r, c, NULL, host->certname);
	if (s == NULL || r->errors->n > 0)
		return;
	if (*host->certname == '\0')
		sections_complain(r, 0,
			"there is no [server NAME] section, and this host's "
			"own name is not known; write one");
	else if (!sections_is_name(host->certname))
		sections_complain(r, 0,
			"there is no [server NAME] section, and this host's "
			"own name, `%s`, is none that a server may bear; write "
			"one",
			host->certname);
	else
		work_out(r, s, 0, host);
}

/* Who listens where: two can't share one address, but for port 0. */
struct listener {
	char *address;
	const char *what;  /* "server ", "[usher]", "http-listen" */
	const char *owner; /* the server's name, or "" */
};

static int by_address(const void *a, const void *b)
{
	const struct listener *la = a, *lb = b;

	return strcmp(la->address, lb->address);
}

static bool is_http(const struct listener *l)
{
	return strcmp(l->what, "http-listen") == 0;
}

static void add_listeners(struct sections *r, struct listener **all, size_t *n,
	const char *list, const char *what, const char *owner)
{
	const char *word;
	size_t len;

	while ((len = option_next_word(&list, &word)) > 0) {
		struct listener *l;

		if (len > 2 && memcmp(word + len - 2, ":0", 2) == 0)
			continue;
		l = sections_grow((void **)all, n, sizeof(*l));
		if (l == NULL || (l->address = strndup(word, len)) == NULL) {
			r->no_memory = true;
			return;
		}
		l->what = what;
		l->owner = owner;
	}
}

static void check_ports(struct sections *r, const struct config *c)
{
	struct listener *all = NULL;
	bool shared = false; /* the port of [usher] is needed */
	size_t n = 0;

	for (size_t i = 0; i < c->n_servers; i++) {
		const char *own = c->servers[i].agent_listen;

		shared = shared || *own == '\0';
		add_listeners(r, &all, &n, own, "server ", c->servers[i].name);
	}
	if (shared)
		add_listeners(r, &all, &n, c->agent_listen, "[usher]", "");
	add_listeners(r, &all, &n, c->http_listen, "http-listen", "");
	if (n > 0 && !r->no_memory)
		qsort(all, n, sizeof(*all), by_address);
	for (size_t i = 1; i < n && !r->no_memory; i++) {
		if (strcmp(all[i - 1].address, all[i].address) != 0)
			continue;
		sections_complain(r, 0,
			"%s = %s is given twice (%s%s, %s%s): each needs a "
			"port of its own",
			is_http(&all[i - 1]) || is_http(&all[i])
				? "http-listen"
				: "agent-listen",
			all[i].address, all[i - 1].what, all[i - 1].owner,
			all[i].what, all[i].owner);
	}
	for (size_t i = 0; i < n; i++)
		free(all[i].address);
	free(all);
}

static int by_line(const void *a, const void *b)
{
	const struct config_error *ea = a, *eb = b;

	return ea->line < eb->line ? -1 : ea->line > eb->line;
}

static int build(
	struct config **out, struct sections *r, const struct puppetconf *host)
{
	struct config *c = calloc(1, sizeof(*c));

	if (c != NULL && !r->no_memory) {
		set_standard(r, OPTION_USHER, c);
		set_from(r, &r->usher, c);
		add_servers(r, c, host);
		if (!r->no_memory)
			check_ports(r, c);
	}
	if (c == NULL || r->no_memory)
		sections_complain(r, 0, "no memory");
	if (c == NULL || r->no_memory || r->errors->n > 0) {
		if (r->errors->n > 0)
			qsort(r->errors->list, r->errors->n,
				sizeof(*r->errors->list), by_line);
		config_free(c);
		return UV_EINVAL;
	}
	*out = c;
	return 0;
}

int config_load(struct config **out, const char *path, enum config_need need,
	const struct puppetconf *host, struct config_errors *errors)
{
	struct sections r;
	int rc;

	*errors = (struct config_errors){ NULL, 0 };
	rc = sections_read(&r, path, errors);
	if (rc == UV_ENOENT && need == CONFIG_IF_THERE)
		rc = 0;
	if (rc != 0)
		sections_complain(&r, 0, "can't be read: %s", uv_strerror(rc));
	else
		rc = build(out, &r, host);
	sections_free(&r);
	return rc == 0 ? 0 : UV_EINVAL;
}

void config_errors_free(struct config_errors *e)
{
	for (size_t i = 0; i < e->n; i++)
		free(e->list[i].text);
	free(e->list);
	*e = (struct config_errors){ NULL, 0 };
}

void config_free(struct config *c)
{
	if (c == NULL)
		return;
	for (size_t i = 0; i < c->n_servers; i++) {
		struct config_server *s = &c->servers[i];

		free(s->name);
		free(s->address);
		free(s->tls_name);
		free(s->ca_file);
		free(s->crl_file);
		free(s->cert_file);
		free(s->key_file);
		free(s->agent_listen);
	}
	free(c->servers);
	free(c->allow);
	free(c->agent_listen);
	free(c->http_listen);
	free(c->control_socket);
	free(c->control_group);
	free(c->state_dir);
	free(c);
}

int config_same_target(
	const struct config_server *a, const struct config_server *b)
{
	return strcmp(a->address, b->address) == 0 &&
		strcmp(a->tls_name, b->tls_name) == 0 && a->check == b->check;
}
