#include "parts.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "certfiles.h"

size_t parts_n_servers(const struct parts *p)
{
	return p->config != NULL ? p->config->n_servers : 0;
}

int parts_allot(struct parts *p)
{
	size_t n = parts_n_servers(p);

	assert(n > 0);
	p->servers = calloc(n, sizeof(*p->servers));
	p->by_name = calloc(n, sizeof(*p->by_name));
	p->trusts = calloc(n, sizeof(*p->trusts));
	p->trusted = calloc(n, sizeof(*p->trusted));
	if (p->servers == NULL || p->by_name == NULL || p->trusts == NULL ||
		p->trusted == NULL)
		return UV_ENOMEM;
	return 0;
}

static int compare_servers(const void *a, const void *b)
{
	struct server *const *sa = a, *const *sb = b;

	return strcmp(server_name(*sa), server_name(*sb));
}

static int compare_name(const void *key, const void *element)
{
	struct server *const *s = element;

	return strcmp(key, server_name(*s));
}

void parts_sort(struct parts *p)
{
	size_t n = parts_n_servers(p);

	memcpy(p->by_name, p->servers, n * sizeof(*p->by_name));
	qsort(p->by_name, n, sizeof(*p->by_name), compare_servers);
}

struct server *parts_find_server(const struct parts *p, const char *name)
{
	struct server **found = NULL;

	if (parts_n_servers(p) > 0)
		found = bsearch(name, p->by_name, parts_n_servers(p),
			sizeof(*p->by_name), compare_name);
	return found != NULL ? *found : NULL;
}

struct trust *parts_find_trust(
	const struct parts *p, const struct config_server *config)
{
	for (size_t i = 0; i < p->n_trusted; i++)
		if (certfiles_same(p->trusted[i].like, config))
			return p->trusted[i].trust;
	return NULL;
}

static bool uses(void *const *list, size_t n, const void *piece)
{
	for (size_t i = 0; i < n; i++)
		if (list[i] == piece)
			return true;
	return false;
}

struct agent *parts_find_agent(
	const struct parts *p, const char *address, const struct parts *taken)
{
	for (size_t i = 0; i < p->n_agents; i++)
		if (agent_is(p->agents[i], address) &&
			!uses((void *const *)taken->agents, taken->n_agents,
				p->agents[i]))
			return p->agents[i];
	return NULL;
}

struct httpd *parts_find_http(
	const struct parts *p, const char *address, const struct parts *taken)
{
	for (size_t i = 0; i < p->n_https; i++)
		if (httpd_is(p->https[i], address) &&
			!uses((void *const *)taken->https, taken->n_https,
				p->https[i]))
			return p->https[i];
	return NULL;
}

void parts_drop(struct parts *p, const struct parts *kept)
{
	for (size_t i = 0; p->servers != NULL && i < parts_n_servers(p); i++) {
		struct server *s = p->servers[i];

		if (s != NULL && parts_find_server(kept, server_name(s)) != s)
			server_close(s);
	}
	for (size_t i = 0; i < p->n_trusted; i++)
		if (!uses((void *const *)kept->trusts, parts_n_servers(kept),
			    p->trusted[i].trust))
			trust_close(p->trusted[i].trust);
	for (size_t i = 0; i < p->n_agents; i++)
		if (!uses((void *const *)kept->agents, kept->n_agents,
			    p->agents[i]))
			agent_close(p->agents[i]);
	for (size_t i = 0; i < p->n_https; i++)
		if (!uses((void *const *)kept->https, kept->n_https,
			    p->https[i]))
			httpd_close(p->https[i]);
	free(p->servers);
	free(p->by_name);
	free(p->trusts);
	free(p->trusted);
	free(p->agents);
	free(p->owners);
	free(p->https);
	memset(p, 0, sizeof(*p));
}
