#include "t.h"

#include <stdio.h>
#include <stdlib.h>

#include "config.h"

static const struct puppetconf host = { .certname = "puppet9.example.com",
	.ca_file = "/ca.pem",
	.crl_file = "/crl.pem" };

struct loaded {
	struct config *config;
	char errors[4096]; /* "LINE: text\n" each */
};

static void load(struct loaded *l, const char *text)
{
	struct config_errors errors;
	char *dir = t_mkdir();
	char *path = t_write(dir, "usher.conf", text, strlen(text));
	size_t used = 0;
	int rc;

	*l = (struct loaded){ .config = NULL };
	rc = config_load(&l->config, path, CONFIG_MUST_EXIST, &host, &errors);
	assert_int_equal(rc != 0, errors.n > 0);
	for (size_t i = 0; i < errors.n; i++)
		used += (size_t)snprintf(l->errors + used,
			sizeof(l->errors) - used, "%u: %s\n",
			errors.list[i].line, errors.list[i].text);
	config_errors_free(&errors);
	free(path);
	t_rmdir(dir);
}

static void no_file_means_this_host(void **state)
{
	struct config_errors errors;
	struct config *c;
	struct config_server *s;

	(void)state;
	assert_int_equal(config_load(&c, "/nonexistent/usher.conf",
				 CONFIG_IF_THERE, &host, &errors),
		0);
	s = &c->servers[0];
	assert_int_equal(c->n_servers, 1);
	assert_string_equal(c->agent_listen, "*:8141");
	assert_int_equal(c->n_allow, 7);
	assert_int_equal(c->log_level, LOG_INFO);
	assert_string_equal(s->name, "puppet9.example.com");
	assert_string_equal(s->address, "puppet9.example.com");
	assert_string_equal(s->tls_name, "puppet9.example.com");
	assert_string_equal(s->ca_file, "/ca.pem");
	assert_string_equal(s->crl_file, "/crl.pem");
	assert_string_equal(s->cert_file, "");
	assert_int_equal(s->check, PUPPET_SIMPLE);
	assert_int_equal(s->interval_ms, 2000);
	assert_int_equal(s->fast_interval_ms, 500);
	assert_int_equal(s->timeout_ms, 5000);
	assert_int_equal(s->rise, 2);
	assert_int_equal(s->fall, 3);
	assert_int_equal(s->busy_limit_ms, 10000);
	config_free(c);
	config_errors_free(&errors);
}

/* What puppet.conf calls this host is held to the rules for names. */
static void this_hosts_own_name(void **state)
{
	static const struct {
		const char *name, *error;
	} rows[] = {
		{ "puppet9", NULL },
		{ "", "own name is not known" },
		{ "\033[2J", "own name, `\033[2J`, is none that a server" },
		{ "-x", "own name, `-x`, is none" },
		{ "50%", "own name, `50%`, is none" },
		{ "gr\xc3\xb6\xc3\x9f"
		  "e",
			"is none that a server may bear; write one" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct puppetconf named = host;
		struct config_errors errors;
		struct config *c = NULL;
		int rc;

		strcpy(named.certname, rows[i].name);
		rc = config_load(&c, "/nonexistent/usher.conf", CONFIG_IF_THERE,
			&named, &errors);
		assert_int_equal(rc != 0, rows[i].error != NULL);
		assert_int_equal(errors.n, rows[i].error != NULL);
		if (rows[i].error != NULL)
			assert_non_null(
				strstr(errors.list[0].text, rows[i].error));
		config_free(c);
		config_errors_free(&errors);
	}
}

static void a_named_file_must_be_there(void **state)
{
	struct config_errors errors;
	struct config *c = NULL;

	(void)state;
	assert_int_not_equal(config_load(&c, "/nonexistent/usher.conf",
				     CONFIG_MUST_EXIST, &host, &errors),
		0);
	assert_null(c);
	assert_int_equal(errors.n, 1);
	assert_string_equal(errors.list[0].text,
		"can't be read: no such file or directory");
	config_errors_free(&errors);
}

static void sections_inherit(void **state)
{
	struct loaded l;
	struct config_server *a, *b;

	(void)state;
	load(&l,
		"# defaults count wherever they stand\n"
		"[server a.example.com]\n"
		"  fall = 5\n"
		"[usher]\n"
		"agent-listen = 127.0.0.1:8141 [::1]:8141\n"
		"allow = 192.0.2.7 ::1\n"
		"log-level = debug\n"
		"[server b]\r\n"
		"address = 192.0.2.2:8150 ; the new one\r\n"
		"check = legacy\n"
		"rise =\n"
		"[defaults]\n"
		"fall = 4\n"
		"rise = 7\n"
		"interval = 1m\n"
		"crl-file = none\n");
	assert_string_equal(l.errors, "");
	a = &l.config->servers[0];
	b = &l.config->servers[1];
	assert_int_equal(l.config->n_servers, 2);
	assert_int_equal(l.config->n_allow, 2);
	assert_int_equal(l.config->log_level, LOG_DEBUG);
	assert_int_equal(a->fall, 5);
	assert_int_equal(b->fall, 4);
	assert_int_equal(b->rise, 7);
	assert_int_equal(a->interval_ms, 60000);
	assert_string_equal(a->tls_name, "a.example.com");
	assert_string_equal(a->crl_file, "none");
	assert_string_equal(b->address, "192.0.2.2:8150");
	assert_string_equal(b->tls_name, "b");
	assert_int_equal(b->check, PUPPET_LEGACY);
	config_free(l.config);
}

static void fast_is_never_slower(void **state)
{
	struct loaded l;

	(void)state;
	load(&l, "[defaults]\ninterval = 200ms\n");
	assert_int_equal(l.config->servers[0].fast_interval_ms, 200);
	config_free(l.config);
}

static const struct {
	const char *text, *errors;
} bad[] = {
	{ "rise = 1\n",
		"1: rise stands before the first section; write [usher], "
		"[defaults] or [server NAME] above it\n" },
	{ "[usher]\nagent-listn = *:1\n",
		"2: unknown option agent-listn; did you mean agent-listen?\n" },
	{ "[usher]\nzzz = *:1\n",
		"2: unknown option zzz; usher.conf(5) lists them\n" },
	{ "[usher]\nrise = 1\n",
		"2: rise belongs into [server NAME] or [defaults]\n" },
	{ "[defaults]\nallow = ::1\n", "2: allow belongs into [usher]\n" },
	{ "[defaults]\nrise = 1\nrise = 2\n",
		"3: rise is given twice, first in line 2\n" },
	{ "[server b]\n[server a]\n[server b]\n[server b]\nrise = no\n",
		"3: [server b] is given twice, first in line 1; put its "
		"options together\n"
		"4: [server b] is given twice, first in line 1; put its "
		"options together\n"
		"5: rise = no: a whole number from 1 to 100\n" },
	{ "[usher]\n[usher]\n",
		"2: [usher] is given twice, first in line 1; put its options "
		"together\n" },
	{ "[server 50%]\n",
		"1: [server 50%]: a server's name has letters, digits, dots, "
		"colons, dashes and underscores, and begins with no dash\n" },
	{ "[server --all]\n",
		"1: [server --all]: a server's name has letters, digits, "
		"dots, colons, dashes and underscores, and begins with no "
		"dash\n" },
	{ "[puppet]\nx = 1\n",
		"1: [puppet]: a section is [usher], [defaults] or "
		"[server NAME]\n" },
	{ "[defaults]\nrise = 0\nfall = 101\n",
		"2: rise = 0: a whole number from 1 to 100\n"
		"3: fall = 101: a whole number from 1 to 100\n" },
	{ "[defaults]\ntimeout = 5\n",
		"2: timeout = 5: a whole number with ms, s, m, h or d, from "
		"100ms to 1m\n" },
	{ "[defaults]\ninterval = 99ms\n",
		"2: interval = 99ms: a whole number with ms, s, m, h or d, "
		"from 100ms to 1h\n" },
	{ "[defaults]\ncheck = simpel\n",
		"2: check = simpel: one of: simple legacy\n" },
	{ "[usher]\nallow = 10.0.0.0/33\n",
		"2: allow: `10.0.0.0/33` is neither an address nor a net such "
		"as 10.0.0.0/8 or fe80::/10\n" },
	{ "[usher]\nagent-listen = 8141\n",
		"2: agent-listen = 8141: `8141` is not ADDRESS:PORT, such as "
		"*:8141, 192.0.2.1:8141 or [::1]:8141\n" },
	{ "[server a]\naddress = a:b:c:d\n",
		"2: address = a:b:c:d: HOST:PORT, such as "
		"puppet1.example.com:8140\n" },
	{ "[server 192.0.2.1]\n",
		"1: [server 192.0.2.1]: tls-name is needed: the name in the "
		"server's certificate, since its address is a number\n" },
	{ "[server a]\ncert-file = /x\n",
		"1: [server a]: cert-file and key-file go together; set both "
		"or none\n" },
	{ "[usher]\nallow =\n",
		"2: allow = : this would mean the default, not nobody; name a "
		"net, or leave the line out\n" },
	{ "[server a]\ntls-name = 10.0.0.1\n",
		"1: [server a]: tls-name = 10.0.0.1: a host name, as it stands "
		"in the server's certificate\n" },
	{ "[server a]\ncrl-file = None\n",
		"1: [server a]: crl-file = None: a path begins with /\n" },
	{ "[defaults]\nagent-listen = *:8142\n[server a]\n[server b]\n",
		"0: agent-listen = *:8142 is given twice (server a, server b): "
		"each needs a port of its own\n" },
	{ "[usher]\nhttp-listen = *:9200 *:8141\n[server a]\n",
		"0: http-listen = *:8141 is given twice ([usher], "
		"http-listen): "
		"each needs a port of its own\n" },
	{ "[usher]\nhttp-listen = 9200\n",
		"2: http-listen = 9200: `9200` is not ADDRESS:PORT, such as "
		"*:8141, 192.0.2.1:8141 or [::1]:8141\n" },
	{ "[server a]\nagent-listen = *:8141\n[server b]\n",
		"0: agent-listen = *:8141 is given twice (server a, [usher]): "
		"each needs a port of its own\n" },
	{ "[usher\nfoo\n",
		"1: a section is one name in brackets: [name]\n"
		"2: neither `key = value` nor [section] nor # comment\n" },
};

static void each_mistake_is_told(void **state)
{
	struct loaded l;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		load(&l, bad[i].text);
		assert_string_equal(l.errors, bad[i].errors);
	}
}

/* In the order of the file, though they are found in another. */
static void all_at_once(void **state)
{
	struct loaded l;

	(void)state;
	load(&l,
		"[server a]\n"
		"rise = 0\n"
		"[defaults]\n"
		"fall = 0\n"
		"[server b]\n"
		"what = ever\n");
	assert_string_equal(l.errors,
		"2: rise = 0: a whole number from 1 to 100\n"
		"4: fall = 0: a whole number from 1 to 100\n"
		"6: unknown option what; usher.conf(5) lists them\n");
}

static void same_target(void **state)
{
	struct loaded a, b;

	(void)state;
	load(&a, "[server a]\ninterval = 1s\n");
	load(&b, "[server a]\ninterval = 2s\nrise = 9\n");
	assert_true(config_same_target(
		&a.config->servers[0], &b.config->servers[0]));
	config_free(b.config);
	load(&b, "[server a]\ntls-name = b\n");
	assert_false(config_same_target(
		&a.config->servers[0], &b.config->servers[0]));
	config_free(a.config);
	config_free(b.config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_file_means_this_host),
		cmocka_unit_test(this_hosts_own_name),
		cmocka_unit_test(a_named_file_must_be_there),
		cmocka_unit_test(sections_inherit),
		cmocka_unit_test(fast_is_never_slower),
		cmocka_unit_test(each_mistake_is_told),
		cmocka_unit_test(all_at_once),
		cmocka_unit_test(same_target),
	};

	return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
