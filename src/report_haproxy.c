/*
 * The lines that HAProxy needs for the running configuration: haproxy/tcp.cfg,
 * with this site's names.
 */
#include "report.h"

#include <string.h>

#include <uv.h>

#include "paper.h"
#include "text.h"

enum {
	CHECK_INTER_S = 6,
	CHECK_FALL = 3,
};

/* A path as a word of haproxy.cfg. */
static void print_word(FILE *out, const char *word)
{
	fputc('"', out);
	for (; *word != '\0'; word++) {
		if (strchr("\"\\$", *word) != NULL)
			fputc('\\', out);
		fputc(*word, out);
	}
	fputc('"', out);
}

/* A regular check that is quicker than busy-limit would overrule `busy`. */
static uint64_t check_inter_s(const struct report *r)
{
	uint64_t longest_ms = 0, inter_s;

	for (size_t i = 0; i < r->n; i++)
		if (r->servers[i].config->busy_limit_ms > longest_ms)
			longest_ms = r->servers[i].config->busy_limit_ms;
	inter_s = (longest_ms * 3 / 5 + 999) / 1000;
	return inter_s > CHECK_INTER_S ? inter_s : CHECK_INTER_S;
}

static int is_loopback(const char *host)
{
	return strcmp(host, "localhost") == 0 ||
		strncmp(host, "127.", 4) == 0 || strcmp(host, "::1") == 0;
}

/* Whether `host` is the machine called `own`, by its full or its short name. */
static int is_own(const char *host, const char *own)
{
	size_t label = strcspn(host, ".");

	return is_loopback(host) || strcmp(host, own) == 0 ||
		(strlen(own) == label && strncmp(host, own, label) == 0);
}

/* One that shares its port must be named; HAProxy 2.6 wants all or none so. */
static int names_are_sent(const struct report *r)
{
	char address[ADDR_TEXT_MAX];

	for (size_t i = 0; i < r->n; i++)
		if (fleet_port(r->fleet, r->servers[i].name, address) ==
			FLEET_PORT_SHARED)
			return 1;
	return 0;
}

struct balancer {
	char own[256]; /* this host's name */
	int names;     /* it sends each server's */
};

static void print_agent(struct paper *p, const char *address,
	const char *server_host, const char *own)
{
	struct addr_parts at;

	if (addr_split(&at, address, 0) != 0)
		return;
	fprintf(p->out, " agent-port %u", at.port);
	if (strcmp(at.host, "::") != 0 && strcmp(at.host, "0.0.0.0") != 0)
		fprintf(p->out, " agent-addr %s", at.host);
	else if (!is_own(server_host, own))
		fprintf(p->out, " agent-addr %s", own);
}

static void print_server(struct paper *p, const struct report *r,
	const struct report_server *s, const struct balancer *b)
{
	char address[ADDR_TEXT_MAX];
	struct addr_parts target;
	const char *host = target.host;

	if (addr_split(&target, s->config->address, 8140) != 0)
		return;
	/* HAProxy may be elsewhere. */
	if (is_loopback(host))
		host = s->config->tls_name;
	fprintf(p->out, "    server %s %s%s%s:%u", s->name,
		strchr(host, ':') != NULL ? "[" : "", host,
		strchr(host, ':') != NULL ? "]" : "", target.port);
	fleet_port(r->fleet, s->name, address);
	print_agent(p, address, target.host, b->own);
	if (b->names)
		fprintf(p->out, " agent-send \"%s\\n\"", s->name);
	fprintf(p->out, " verifyhost %s", s->config->tls_name);
	if (strcmp(s->config->ca_file, r->servers[0].config->ca_file) != 0) {
		fputs(" ca-file ", p->out);
		print_word(p->out, s->config->ca_file);
	}
	fputc('\n', p->out);
}

static void print_check(struct paper *p, const struct report *r)
{
	fprintf(p->out,
		"    # In case usherd is dead.  Slower than busy-limit, or it "
		"would overrule it.\n"
		"    default-server check inter %llus fall %d downinter 1s "
		"rise 1\n"
		"    # The CA's path is the one on usherd's host.\n"
		"    default-server check-ssl verify required ca-file ",
		(unsigned long long)check_inter_s(r), CHECK_FALL);
	print_word(p->out, r->servers[0].config->ca_file);
	fputc('\n', p->out);
	/* A master of Puppet 3 has another page: a handshake will do. */
	for (size_t i = 0; i < r->n; i++)
		if (r->servers[i].config->check == PUPPET_LEGACY)
			return;
	fputs("    option httpchk\n"
	      "    http-check send meth GET uri /status/v1/simple ver HTTP/1.1 "
	      "hdr Host %[srv_name]\n"
	      "    http-check expect status 200,403\n",
		p->out);
}

static void print_backend(struct paper *p, const struct report *r)
{
	struct balancer b = { .own = "localhost", .names = names_are_sent(r) };
	size_t size = sizeof(b.own);

	uv_os_gethostname(b.own, &size);
	fprintf(p->out,
		"# For HAProxy, from the usherd on %s: a backend to paste, or "
		"lines\n"
		"# to add to yours.  haproxy/README.md says why each is "
		"there.\n"
		"backend puppetserver\n"
		"    mode tcp\n"
		"    # An agent stays with its server; percentages need "
		"`consistent`.\n"
		"    balance source\n"
		"    hash-type consistent\n"
		"    option redispatch 1\n"
		"    retries 3\n"
		"    timeout check 5s\n"
		"    # Of weight 1, all below 100%% is nothing.\n"
		"    default-server weight 100 agent-check agent-inter 1s\n",
		b.own);
	print_check(p, r);
	for (size_t i = 0; i < r->n; i++)
		print_server(p, r, &r->servers[i], &b);
}

char *report_haproxy(const struct report *r)
{
	struct paper p;
	char *text, *json;

	if (paper_open(&p, r->width) != 0)
		return NULL;
	if (r->n > 0)
		print_backend(&p, r);
	text = paper_close(&p);
	if ((r->flags & COMMAND_JSON) == 0 || text == NULL)
		return text;
	json = paper_json(
		json_pack("{si ss}", "version", JSON_VERSION, "text", text),
		JSON_COMPACT);
	free(text);
	return json;
}
