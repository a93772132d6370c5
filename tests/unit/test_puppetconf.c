/*
 * Trees as the packages leave them, below a root of the test's own, and this
 * host's name as a fake of the system tells it.
 */
#include "t.h"

#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "puppetconf.h"

#define UPSTREAM "/etc/puppetlabs/puppet"
#define DEBIAN "/etc/puppet"
#define UPSTREAM_SSL "/etc/puppetlabs/puppet/ssl"
#define DEBIAN_SSL "/var/lib/puppet/ssl"

/* --- trees ---------------------------------------------------------------- */

static void make_folder(const char *root, const char *folder)
{
	char path[512];

	for (size_t n = 1; n <= strlen(folder); n++) {
		if (folder[n] != '/' && folder[n] != '\0')
			continue;
		snprintf(path, sizeof(path), "%s%.*s", root, (int)n, folder);
		mkdir(path, 0777);
	}
}

static void make_file(const char *root, const char *folder, const char *name,
	const char *text)
{
	char path[512];

	make_folder(root, folder);
	snprintf(path, sizeof(path), "%s%s", root, folder);
	free(t_write(path, name, text, strlen(text)));
}

static void expect(
	const char *root, const char *certname, const char *ca, const char *crl)
{
	struct puppetconf p;
	size_t n = strlen(root);

	memset(&p, 'x', sizeof(p));
	puppetconf_read(&p, root);
	if (strncmp(p.ca_file, root, n) != 0 ||
		strncmp(p.crl_file, root, n) != 0)
		fail_msg("%s, %s: not below %s", p.ca_file, p.crl_file, root);
	assert_string_equal(p.certname, certname);
	assert_string_equal(p.ca_file + n, ca);
	assert_string_equal(p.crl_file + n, crl);
}

/* --- which package -------------------------------------------------------- */

static void test_nothing_there(void **state)
{
	char *root = t_mkdir();

	(void)state;
	expect(root, "", UPSTREAM_SSL "/certs/ca.pem", UPSTREAM_SSL "/crl.pem");
	t_rmdir(root);
}

static void test_upstream(void **state)
{
	char *root = t_mkdir();

	(void)state;
	make_file(root, UPSTREAM, "puppet.conf",
		"[main]\nserver = puppet\n"
		"[agent]\ncertname = a.example.com\n");
	expect(root, "a.example.com", UPSTREAM_SSL "/certs/ca.pem",
		UPSTREAM_SSL "/crl.pem");
	t_rmdir(root);
}

static void test_debian(void **state)
{
	char *root = t_mkdir();

	(void)state;
	make_file(root, DEBIAN, "puppet.conf", "# nothing is set\n");
	expect(root, "", DEBIAN_SSL "/certs/ca.pem", DEBIAN_SSL "/crl.pem");
	/* As upstream's package and not as Debian's, where both are. */
	make_file(root, UPSTREAM, "puppet.conf", "");
	expect(root, "", UPSTREAM_SSL "/certs/ca.pem", UPSTREAM_SSL "/crl.pem");
	t_rmdir(root);
}

static void test_no_file_but_a_ca(void **state)
{
	char *root = t_mkdir();

	(void)state;
	make_file(root, DEBIAN_SSL "/certs", "ca.pem", "x");
	expect(root, "", DEBIAN_SSL "/certs/ca.pem", DEBIAN_SSL "/crl.pem");
	make_file(root, UPSTREAM_SSL "/certs", "ca.pem", "x");
	expect(root, "", UPSTREAM_SSL "/certs/ca.pem", UPSTREAM_SSL "/crl.pem");
	/* A puppet.conf says more than a CA. */
	make_file(root, DEBIAN, "puppet.conf", "");
	expect(root, "", DEBIAN_SSL "/certs/ca.pem", DEBIAN_SSL "/crl.pem");
	t_rmdir(root);
}

static void test_unreadable(void **state)
{
	char *root = t_mkdir();

	(void)state;
	make_folder(root, DEBIAN "/puppet.conf");
	expect(root, "", DEBIAN_SSL "/certs/ca.pem", DEBIAN_SSL "/crl.pem");
	t_rmdir(root);
}

/* --- what it says --------------------------------------------------------- */

#define X10 "xxxxxxxxxx"
#define X100 X10 X10 X10 X10 X10 X10 X10 X10 X10 X10

static const struct row {
	const char *conf, *certname, *ca, *crl;
} rows[] = {
	/* Sections: the server's, then the agent's, then [main]. */
	{ "certname = a\n", "a", NULL, NULL },
	{ "[main]\ncertname = a\n", "a", NULL, NULL },
	{ "[agent]\ncertname = a\n", "a", NULL, NULL },
	{ "[master]\ncertname = a\n", "a", NULL, NULL },
	{ "[server]\ncertname = a\n", "a", NULL, NULL },
	{ "[user]\ncertname = a\n", "", NULL, NULL },
	{ "[production]\ncertname = a\n", "", NULL, NULL },
	{ "[main]\ncertname = a\n[agent]\ncertname = b\n", "b", NULL, NULL },
	{ "[agent]\ncertname = b\n[main]\ncertname = a\n", "b", NULL, NULL },
	{ "[server]\ncertname = d\n[master]\ncertname = c\n[agent]\n"
	  "certname = b\n[main]\ncertname = a\n",
		"d", NULL, NULL },
	{ "[main]\ncertname = a\n[agent]\ncertname = b\n[master]\n"
	  "certname = c\n[server]\ncertname = d\n",
		"d", NULL, NULL },
	{ "[server]\nssldir = /s\n[user]\nssldir = /u\n", "", "/s/certs/ca.pem",
		"/s/crl.pem" },
	{ "[main]\ncertname = a\ncertname = b\n", "a", NULL, NULL },
	{ "[agent]\ncertname = a\n[main]\n[agent]\ncertname = b\n", "a", NULL,
		NULL },
	/* Each setting by itself. */
	{ "[main]\nssldir = /s\n", "", "/s/certs/ca.pem", "/s/crl.pem" },
	{ "[main]\ncertdir = /c\n", "", "/c/ca.pem", DEBIAN_SSL "/crl.pem" },
	{ "[main]\nlocalcacert = /ca.pem\n", "", "/ca.pem",
		DEBIAN_SSL "/crl.pem" },
	{ "[main]\nhostcrl = /crl.pem\n", "", DEBIAN_SSL "/certs/ca.pem",
		"/crl.pem" },
	{ "[main]\nssldir =\n", "", NULL, NULL },
	{ "[main]\nCertname = a\ncertnames = b\n", "", NULL, NULL },
	/* Variables. */
	{ "[main]\nssldir = $confdir/ssl\n", "", DEBIAN "/ssl/certs/ca.pem",
		DEBIAN "/ssl/crl.pem" },
	{ "[main]\nssldir = ${confdir}/ssl\n", "", DEBIAN "/ssl/certs/ca.pem",
		DEBIAN "/ssl/crl.pem" },
	{ "[main]\nssldir = $vardir/ssl\n", "",
		"/var/cache/puppet/ssl/certs/ca.pem",
		"/var/cache/puppet/ssl/crl.pem" },
	{ "[main]\nssldir = $vardir/ssl\nvardir = /v\n", "",
		"/v/ssl/certs/ca.pem", "/v/ssl/crl.pem" },
	{ "[main]\nconfdir = /c\nvardir = $confdir/v\nssldir = ${vardir}s\n",
		"", "/c/vs/certs/ca.pem", "/c/vs/crl.pem" },
	{ "[main]\nvardir = /v\nssldir = /s\nhostcrl = $vardir${ssldir}$ssldir"
	  "/x\n",
		"", "/s/certs/ca.pem", "/v/s/s/x" },
	{ "[main]\nvardir = /v\nhostcrl = ${vardir\nlocalcacert = /a$\n", "",
		"/a", "/v" },
	{ "[main]\nhostcrl = /a$b/c${d}/e$$/f${}\n", "", NULL, "/a/c/e/f" },
	{ "[main]\nssldir = $ssldir/x\n", "", "/x/certs/ca.pem", "/x/crl.pem" },
	/* How it is written. */
	{ "[main]\r\n  certname=a.b  \r\n", "a.b", NULL, NULL },
	{ "\xef\xbb\xbf[main]\ncertname = a\n", "a", NULL, NULL },
	{ "hello\n[main\n[main]\nno value\ncertname = a\n", "a", NULL, NULL },
	{ "[main]\nssldir = /s { owner = service, mode = 0771 }\n", "",
		"/s/certs/ca.pem", "/s/crl.pem" },
	{ "[main]\nvardir = /v{mode=755}\nssldir = ${vardir}/s {mode = 771}\n",
		"", "/v/s/certs/ca.pem", "/v/s/crl.pem" },
};

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct row *row = &rows[i];
		char *root = t_mkdir();

		make_file(root, DEBIAN, "puppet.conf", row->conf);
		expect(root, row->certname,
			row->ca != NULL ? row->ca : DEBIAN_SSL "/certs/ca.pem",
			row->crl != NULL ? row->crl : DEBIAN_SSL "/crl.pem");
		t_rmdir(root);
	}
}

/* Values that grow beyond what is kept are cut, and nothing more. */
static void test_too_long(void **state)
{
	char *root = t_mkdir();
	struct puppetconf p;

	(void)state;
	make_file(root, DEBIAN, "puppet.conf",
		"[main]\nvardir = /" X100 "\nssldir = $vardir$vardir$vardir\n"
		"hostcrl = $ssldir/$ssldir\n");
	puppetconf_read(&p, root);
	assert_int_equal(strlen(p.crl_file), strlen(root) + 255);
	assert_int_equal(strlen(p.ca_file), strlen(root) + 255);
	t_rmdir(root);
}

/* --- this host's own name ------------------------------------------------- */

static const char *host_name;  /* NULL: the system doesn't know */
static const char *canon_name; /* NULL: none; "": the look-up fails */
static unsigned look_ups, open_answers;

int gethostname(char *name, size_t len)
{
	if (host_name == NULL)
		return -1;
	strncpy(name, host_name, len);
	return 0;
}

int getaddrinfo(const char *host, const char *port,
	const struct addrinfo *hints, struct addrinfo **out)
{
	static struct addrinfo answer;

	assert_int_equal(strncmp(host, host_name, strlen(host)), 0);
	assert_null(port);
	assert_int_equal(hints->ai_flags, AI_CANONNAME);
	look_ups++;
	if (canon_name != NULL && *canon_name == '\0')
		return EAI_NONAME;
	answer.ai_canonname = (char *)canon_name;
	*out = &answer;
	open_answers++;
	return 0;
}

void freeaddrinfo(struct addrinfo *ai)
{
	assert_non_null(ai);
	open_answers--;
}

static void test_own_name(void **state)
{
	static const char long_name[] = X100 X100 X100 ".example.com";
	static const struct {
		const char *host, *canon, *certname;
		unsigned look_ups;
	} hosts[] = {
		{ "puppet1", "puppet1.example.com", "puppet1.example.com", 1 },
		{ "Puppet1", "Puppet1.Example.COM", "puppet1.example.com", 1 },
		{ "Puppet1.Example.COM", "x.y", "puppet1.example.com", 0 },
		{ "puppet1", "", "puppet1", 1 },
		{ "PUPPET1", NULL, "puppet1", 1 },
		{ NULL, NULL, "before", 0 },
	};
	struct puppetconf p;

	(void)state;
	for (size_t i = 0; i < COUNT(hosts); i++) {
		host_name = hosts[i].host;
		canon_name = hosts[i].canon;
		look_ups = 0;
		strcpy(p.certname, "before");
		puppetconf_own_name(&p);
		assert_string_equal(p.certname, hosts[i].certname);
		assert_int_equal(look_ups, hosts[i].look_ups);
		assert_int_equal(open_answers, 0);
	}
	host_name = "puppet1";
	canon_name = long_name;
	puppetconf_own_name(&p);
	assert_int_equal(strlen(p.certname), sizeof(p.certname) - 1);
	host_name = long_name; /* no '\0' where it is cut */
	canon_name = "";
	puppetconf_own_name(&p);
	assert_int_equal(strlen(p.certname), sizeof(p.certname) - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_there),
		cmocka_unit_test(test_upstream),
		cmocka_unit_test(test_debian),
		cmocka_unit_test(test_no_file_but_a_ca),
		cmocka_unit_test(test_unreadable),
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_own_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
