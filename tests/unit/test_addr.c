#include "t.h"

#include <stdio.h>
#include <sys/un.h>

#include "addr.h"

#define LONG_NAME_63 \
	"123456789012345678901234567890123456789012345678901234567890abc"
#define LONG_NAME_255 \
	LONG_NAME_63 "." LONG_NAME_63 "." LONG_NAME_63 "." LONG_NAME_63

static void test_split(void **state)
{
	static const struct {
		const char *text;
		unsigned default_port;
		const char *host; /* NULL: refused */
		unsigned port;
	} rows[] = {
		{ "puppet", 8140, "puppet", 8140 },
		{ "puppet:80", 8140, "puppet", 80 },
		{ "puppet:80", 0, "puppet", 80 },
		{ "puppet:0", 8140, "puppet", 0 },
		{ "puppet.example.com:65535", 0, "puppet.example.com", 65535 },
		{ "192.0.2.1", 8140, "192.0.2.1", 8140 },
		{ "192.0.2.1:80", 8140, "192.0.2.1", 80 },
		{ "*:8141", 0, "*", 8141 },
		{ "[::1]:80", 8140, "::1", 80 },
		{ "[::1]", 8140, "::1", 8140 },
		{ "::1", 8140, "::1", 8140 },
		{ "2001:db8::1:80", 8140, "2001:db8::1:80", 8140 },
		{ "[::ffff:192.0.2.1]:80", 0, "::ffff:192.0.2.1", 80 },
		{ LONG_NAME_255 ":80", 0, LONG_NAME_255, 80 },
		{ LONG_NAME_255 "x:80", 0, NULL, 0 },
		{ "puppet", 0, NULL, 0 },
		{ "::1", 0, NULL, 0 },
		{ "[::1]", 0, NULL, 0 },
		{ "", 8140, NULL, 0 },
		{ ":80", 8140, NULL, 0 },
		{ "puppet:", 8140, NULL, 0 },
		{ "puppet:x", 8140, NULL, 0 },
		{ "puppet:80x", 8140, NULL, 0 },
		{ "puppet: 80", 8140, NULL, 0 },
		{ "puppet:-1", 8140, NULL, 0 },
		{ "puppet:65536", 8140, NULL, 0 },
		{ "puppet:80:90", 8140, NULL, 0 },
		{ "1:2:3", 8140, NULL, 0 },
		{ "[]:80", 8140, NULL, 0 },
		{ "[::1", 8140, NULL, 0 },
		{ "[::1]80", 8140, NULL, 0 },
		{ "[::1]:", 8140, NULL, 0 },
		{ "[::1]:x", 8140, NULL, 0 },
		{ "[::g]:80", 8140, NULL, 0 },
		{ "[::1:80", 8140, NULL, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct addr_parts p;
		int rc = addr_split(&p, rows[i].text, rows[i].default_port);

		if (rows[i].host == NULL) {
			if (rc != UV_EINVAL)
				fail_msg("\"%s\" was taken", rows[i].text);
			continue;
		}
		if (rc != 0)
			fail_msg("\"%s\" was refused", rows[i].text);
		assert_string_equal(p.host, rows[i].host);
		assert_int_equal(p.port, rows[i].port);
	}
}

/* Literals in, text out. */
static void test_literal_and_show(void **state)
{
	static const struct {
		const char *host;
		const char *shown;      /* NULL: no literal */
		const char *shown_host; /* without the port 8140 */
	} rows[] = {
		{ "127.0.0.1", "127.0.0.1:8140", "127.0.0.1" },
		{ "255.255.255.255", "255.255.255.255:8140",
			"255.255.255.255" },
		{ "::1", "[::1]:8140", "::1" },
		{ "::", "[::]:8140", "::" },
		{ "2001:DB8:0:0::1", "[2001:db8::1]:8140", "2001:db8::1" },
		{ "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
			"[2001:db8:ffff:ffff:ffff:ffff:ffff:ffff]:8140",
			"2001:db8:ffff:ffff:ffff:ffff:ffff:ffff" },
		{ "::ffff:192.0.2.1", "192.0.2.1:8140", "192.0.2.1" },
		{ "", NULL, NULL },
		{ "*", NULL, NULL },
		{ "localhost", NULL, NULL },
		{ "127.1", NULL, NULL },
		{ "0x7f.0.0.1", NULL, NULL },
		{ "256.0.0.1", NULL, NULL },
		{ "127.0.0.1 ", NULL, NULL },
		{ "[::1]", NULL, NULL },
		{ "::1::", NULL, NULL },
	};
	char text[ADDR_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct sockaddr_storage sa;
		const struct sockaddr *any = (struct sockaddr *)&sa;
		int rc = addr_literal(&sa, rows[i].host, 8140);

		if (rows[i].shown == NULL) {
			if (rc != UV_EINVAL)
				fail_msg("\"%s\" was taken", rows[i].host);
			continue;
		}
		assert_int_equal(rc, 0);
		assert_int_equal(addr_port(any), 8140);
		addr_show(text, any);
		assert_string_equal(text, rows[i].shown);
		addr_show_host(text, any);
		assert_string_equal(text, rows[i].shown_host);
	}
}

/* One host, however its address was written. */
static void test_hosts(void **state)
{
	static const struct {
		const char *text, *shown; /* NULL: refused */
	} rows[] = {
		{ "192.0.2.1", "192.0.2.1" },
		{ "::ffff:192.0.2.1", "192.0.2.1" },
		{ "::192.0.2.1", "::192.0.2.1" },
		{ "0.0.0.0", "0.0.0.0" },
		{ "2001:DB8:0::1", "2001:db8::1" },
		{ "::", "::" },
		{ "", NULL },
		{ "localhost", NULL },
		{ "192.0.2.1:80", NULL },
		{ "192.0.2", NULL },
		{ "[::1]", NULL },
		{ "fe80::g", NULL },
	};
	struct addr_host host, again;
	char text[ADDR_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		int rc = addr_host_parse(&host, rows[i].text);

		if (rows[i].shown == NULL) {
			if (rc != UV_EINVAL)
				fail_msg("\"%s\" was taken", rows[i].text);
			continue;
		}
		assert_int_equal(rc, 0);
		addr_host_show(text, &host);
		assert_string_equal(text, rows[i].shown);
		assert_int_equal(addr_host_parse(&again, text), 0);
		assert_memory_equal(&again, &host, sizeof(host));
	}
}

/* The port says nothing about who it is. */
static void test_host_of_a_peer(void **state)
{
	struct sockaddr_storage sa;
	struct addr_host v4, mapped, v6;

	(void)state;
	assert_int_equal(addr_literal(&sa, "192.0.2.1", 1), 0);
	assert_int_equal(addr_host(&v4, (struct sockaddr *)&sa), 0);
	assert_int_equal(addr_literal(&sa, "::ffff:192.0.2.1", 2), 0);
	assert_int_equal(addr_host(&mapped, (struct sockaddr *)&sa), 0);
	assert_memory_equal(&v4, &mapped, sizeof(v4));
	assert_int_equal(addr_literal(&sa, "::192.0.2.1", 1), 0);
	assert_int_equal(addr_host(&v6, (struct sockaddr *)&sa), 0);
	assert_memory_not_equal(&v4, &v6, sizeof(v4));
}

static void test_longest_text_fits(void **state)
{
	static const char shown[] =
		"[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535";
	struct sockaddr_storage sa;
	char text[ADDR_TEXT_MAX];

	(void)state;
	assert_int_equal(
		addr_literal(
			&sa, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 65535),
		0);
	addr_show(text, (struct sockaddr *)&sa);
	assert_string_equal(text, shown);
}

static void test_other_families(void **state)
{
	struct addr_net everything = { .bits = 0 };
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	const struct sockaddr *sa = (struct sockaddr *)&un;
	struct addr_host host;
	char text[ADDR_TEXT_MAX];

	(void)state;
	assert_int_equal(addr_port(sa), 0);
	assert_int_equal(addr_host(&host, sa), UV_EINVAL);
	addr_show_host(text, sa);
	assert_string_equal(text, "unknown");
	assert_int_equal(addr_in_nets(sa, &everything, 1), 0);
}

static void test_nets(void **state)
{
	static const struct {
		const char *net, *in, *out; /* NULL: none to try */
	} rows[] = {
		{ "10.0.0.0/8", "10.255.0.1", "11.0.0.1" },
		{ "10.1.2.3/8", "10.9.9.9", "9.1.2.3" },
		{ "192.0.2.1", "192.0.2.1", "192.0.2.0" },
		{ "192.0.2.1/32", "192.0.2.1", "192.0.2.3" },
		{ "192.0.2.0/31", "192.0.2.1", "192.0.2.2" },
		{ "172.16.0.0/12", "172.31.255.255", "172.32.0.0" },
		{ "172.16.0.0/12", "172.16.0.0", "172.15.255.255" },
		{ "0.0.0.0/0", "255.1.2.3", "::1" },
		{ "0.0.0.0/1", "127.255.255.255", "128.0.0.0" },
		{ "::/0", "192.0.2.1", NULL },
		{ "::/0", "::1", NULL },
		{ "::1", "::1", "::2" },
		{ "fe80::/10", "febf::1", "fec0::1" },
		{ "fc00::/7", "fdff::1", "fe00::1" },
		{ "2001:db8::/127", "2001:db8::1", "2001:db8::2" },
		{ "10.0.0.0/8", "::ffff:10.1.2.3", "::10.1.2.3" },
		{ "::ffff:10.0.0.0/104", "10.1.2.3", "11.1.2.3" },
		{ "::1/128", "::1", "0.0.0.1" },
	};
	struct sockaddr_storage sa;
	struct addr_net net;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct sockaddr *any = (struct sockaddr *)&sa;

		assert_int_equal(addr_net_parse(&net, rows[i].net), 0);
		assert_int_equal(addr_literal(&sa, rows[i].in, 1), 0);
		if (!addr_in_nets(any, &net, 1))
			fail_msg("%s is not in %s", rows[i].in, rows[i].net);
		if (rows[i].out == NULL)
			continue;
		assert_int_equal(addr_literal(&sa, rows[i].out, 1), 0);
		if (addr_in_nets(any, &net, 1))
			fail_msg("%s is in %s", rows[i].out, rows[i].net);
	}
}

static void test_several_nets(void **state)
{
	struct sockaddr_storage sa;
	struct addr_net nets[2];

	(void)state;
	assert_int_equal(addr_net_parse(&nets[0], "10.0.0.0/8"), 0);
	assert_int_equal(addr_net_parse(&nets[1], "::1"), 0);
	assert_int_equal(addr_literal(&sa, "::1", 1), 0);
	assert_int_equal(addr_in_nets((struct sockaddr *)&sa, nets, 2), 1);
	assert_int_equal(addr_in_nets((struct sockaddr *)&sa, nets, 1), 0);
	assert_int_equal(addr_in_nets((struct sockaddr *)&sa, nets, 0), 0);
	assert_int_equal(addr_in_nets((struct sockaddr *)&sa, NULL, 0), 0);
}

static void test_no_nets(void **state)
{
	static const char *const bad[] = { "", "/", "/8", "10.0.0.0/",
		"10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8x", "10.0.0.0/ 8",
		"10.0.0.0/8/8", "10.0.0/8", "10/8", "::/129", "::1/", "*",
		"localhost", "192.0.2.1:80", "[::1]",
		"0000:0000:0000:0000:0000:0000:0000:0000:0000:0000/8" };
	struct addr_net net = { .bits = 77 };

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		if (addr_net_parse(&net, bad[i]) != UV_EINVAL)
			fail_msg("\"%s\" was taken", bad[i]);
	assert_int_equal(net.bits, 77);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_split),
		cmocka_unit_test(test_literal_and_show),
		cmocka_unit_test(test_hosts),
		cmocka_unit_test(test_host_of_a_peer),
		cmocka_unit_test(test_longest_text_fits),
		cmocka_unit_test(test_other_families),
		cmocka_unit_test(test_nets),
		cmocka_unit_test(test_several_nets),
		cmocka_unit_test(test_no_nets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
