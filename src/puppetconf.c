#include "puppetconf.h"

#include <ctype.h>
#include <netdb.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "inifile.h"
#include "text.h"

/* Where a package keeps things, as Puppet's own defaults for it say. */
static const struct place {
	const char *confdir, *vardir, *ssldir;
} places[] = {
	{ "/etc/puppetlabs/puppet", "/opt/puppetlabs/puppet/cache",
		"/etc/puppetlabs/puppet/ssl" },
	{ "/etc/puppet", "/var/cache/puppet", "/var/lib/puppet/ssl" },
};

/*
 * The settings that we follow, in the order in which they may name each other:
 * one may hold $confdir, ... of those before it.
 */
enum { CONFDIR, VARDIR, SSLDIR, CERTDIR, LOCALCACERT, HOSTCRL, CERTNAME, N };

static const char *const names[N] = {
	[CONFDIR] = "confdir",
	[VARDIR] = "vardir",
	[SSLDIR] = "ssldir",
	[CERTDIR] = "certdir",
	[LOCALCACERT] = "localcacert",
	[HOSTCRL] = "hostcrl",
	[CERTNAME] = "certname",
};

enum { VALUE_MAX = 256 };

struct reading {
	char value[N][VALUE_MAX]; /* as written; "" where not set */
	int rank[N];              /* of the section that set it; -1: none */
	int section;              /* rank of the one being read */
};

/* What the server's own section says outranks the agent's, and that [main]. */
static void on_section(void *arg, unsigned line, const char *name)
{
	static const char *const ranked[] = { "main", "agent", "master",
		"server" };
	struct reading *r = arg;

	(void)line;
	r->section = -1;
	for (int i = 0; i < 4; i++)
		if (strcmp(name, ranked[i]) == 0)
			r->section = i;
}

/* Cuts off what Puppet lets follow a path: "/x { owner = root, mode = 755 }" */
static void cut_file_options(char *value)
{
	for (char *at = value; (at = strchr(at, '{')) != NULL; at++) {
		if (at > value && at[-1] == '$')
			continue;
		while (at > value && (at[-1] == ' ' || at[-1] == '\t'))
			at--;
		*at = '\0';
		return;
	}
}

/* In one section, as for Puppet, the first of several counts. */
static void on_value(
	void *arg, unsigned line, const char *key, const char *value)
{
	struct reading *r = arg;

	(void)line;
	for (int i = 0; i < N; i++) {
		if (strcmp(key, names[i]) != 0 || r->section <= r->rank[i])
			continue;
		r->rank[i] = r->section;
		text_format(r->value[i], VALUE_MAX, "%s", value);
		cut_file_options(r->value[i]);
	}
}

/* Puppet reads this file itself and complains of it better than we could. */
static void on_error(void *arg, unsigned line, const char *text)
{
	(void)arg;
	(void)line;
	(void)text;
}

/* Appends to dst[0..*used); cuts at VALUE_MAX. */
static void add(char *dst, size_t *used, const char *text, size_t len)
{
	*used += text_format(
		dst + *used, VALUE_MAX - *used, "%.*s", (int)len, text);
}

/* Replaces $name and ${name} of the settings before `upto`. */
static void expand(char value[N][VALUE_MAX], int upto)
{
	char out[VALUE_MAX] = "";
	const char *p = value[upto];
	size_t used = 0;

	while (*p != '\0') {
		size_t plain = strcspn(p, "$"), len;
		const char *name;

		add(out, &used, p, plain);
		p += plain;
		if (*p == '\0')
			break;
		name = p + (p[1] == '{' ? 2 : 1);
		len = strspn(name, "abcdefghijklmnopqrstuvwxyz_");
		for (int i = 0; i < upto; i++)
			if (strlen(names[i]) == len &&
				memcmp(names[i], name, len) == 0)
				add(out, &used, value[i], strlen(value[i]));
		p = name + len + (p[1] == '{' && name[len] == '}' ? 1 : 0);
	}
	memcpy(value[upto], out, sizeof(out));
}

static void fill(struct reading *r, const struct place *place)
{
	const char *const standard[N] = {
		[CONFDIR] = place->confdir,
		[VARDIR] = place->vardir,
		[SSLDIR] = place->ssldir,
		[CERTDIR] = "$ssldir/certs",
		[LOCALCACERT] = "$certdir/ca.pem",
		[HOSTCRL] = "$ssldir/crl.pem",
		[CERTNAME] = "",
	};

	for (int i = 0; i < N; i++) {
		if (r->value[i][0] == '\0')
			text_format(r->value[i], VALUE_MAX, "%s", standard[i]);
		expand(r->value, i);
	}
}

static bool exists(const char *root, const char *folder, const char *name)
{
	struct stat st;
	char path[512];

	text_format(path, sizeof(path), "%s%s/%s", root, folder, name);
	return stat(path, &st) == 0;
}

/* The package whose puppet.conf is there, else whose CA is, else the first. */
static const struct place *find_place(const char *root)
{
	const size_t n = sizeof(places) / sizeof(*places);

	for (size_t i = 0; i < n; i++)
		if (exists(root, places[i].confdir, "puppet.conf"))
			return &places[i];
	for (size_t i = 0; i < n; i++)
		if (exists(root, places[i].ssldir, "certs/ca.pem"))
			return &places[i];
	return &places[0];
}

void puppetconf_read(struct puppetconf *p, const char *root)
{
	static const struct inifile_events events = { on_section, on_value,
		on_error };
	const struct place *place = find_place(root);
	struct reading r = { .section = 0 };
	char path[512];

	text_format(
		path, sizeof(path), "%s%s/puppet.conf", root, place->confdir);
	for (int i = 0; i < N; i++)
		r.rank[i] = -1;
	inifile_read(path, &events, &r);
	fill(&r, place);
	text_format(p->certname, sizeof(p->certname), "%s", r.value[CERTNAME]);
	text_format(p->ca_file, sizeof(p->ca_file), "%s%s", root,
		r.value[LOCALCACERT]);
	text_format(p->crl_file, sizeof(p->crl_file), "%s%s", root,
		r.value[HOSTCRL]);
}

void puppetconf_own_name(struct puppetconf *p)
{
	static const struct addrinfo hints = { .ai_flags = AI_CANONNAME,
		.ai_socktype = SOCK_STREAM };
	struct addrinfo *found = NULL;
	char host[sizeof(p->certname)];

	if (gethostname(host, sizeof(host)) != 0)
		return;
	host[sizeof(host) - 1] = '\0';
	text_format(p->certname, sizeof(p->certname), "%s", host);
	if (strchr(host, '.') == NULL &&
		getaddrinfo(host, NULL, &hints, &found) == 0 &&
		found->ai_canonname != NULL)
		text_format(p->certname, sizeof(p->certname), "%s",
			found->ai_canonname);
	if (found != NULL)
		freeaddrinfo(found);
	for (char *c = p->certname; *c != '\0'; c++)
		*c = (char)tolower((unsigned char)*c);
}
