/* A port that is shut for a while: nobody gets in, and it stays what it was. */
#include "t.h"

#include <signal.h>

#include "agent.h"
#include "peer.h"

enum { TURNS_MAX = 20000 };

static const char up[] = "up ready 100%\n";

struct fix {
	uv_loop_t loop;
	struct agent_record record;
	struct addr_net net;
	struct agent *agent;
	char address[ADDR_TEXT_MAX];
};

static const char *on_line(
	void *arg, const struct agent_poll *poll, size_t *len)
{
	(void)arg;
	(void)poll;
	*len = strlen(up);
	return up;
}

static int open_at(struct fix *f, struct agent **a, const char *address)
{
	const struct agent_options o = {
		.address = address, .record = &f->record, .line = on_line
	};
	int rc = agent_open(a, &f->loop, &o);

	if (rc == 0)
		agent_configure(*a, "puppet1", &f->net, 1);
	return rc;
}

/*
 * With a port that is not "any", as in a configuration, and at an address that
 * no other test listens at, which might take it meanwhile.
 */
static void start(struct fix *f)
{
	memset(f, 0, sizeof(*f));
	assert_int_equal(uv_loop_init(&f->loop), 0);
	assert_int_equal(addr_net_parse(&f->net, "127.0.0.0/8"), 0);
	assert_int_equal(open_at(f, &f->agent, "127.0.77.1:0"), 0);
	agent_address(f->agent, f->address);
	agent_close(f->agent);
	assert_int_equal(open_at(f, &f->agent, f->address), 0);
}

static void stop(struct fix *f)
{
	agent_close(f->agent);
	t_loop_close(&f->loop);
}

static void expect_poll(struct fix *f, const char *expected)
{
	struct peer p = { .way = PEER_TALKS, .text = "" };
	struct sockaddr_storage at;
	struct addr_parts parts;

	assert_int_equal(addr_split(&parts, f->address, 0), 0);
	assert_int_equal(addr_literal(&at, parts.host, parts.port), 0);
	peer_open(&p, &f->loop, (struct sockaddr *)&at);
	t_run_until(&f->loop, &p.closed, TURNS_MAX);
	assert_true(peer_got(&p, expected));
	peer_free(&p);
}

static void shut_and_open_again(void **state)
{
	char address[ADDR_TEXT_MAX];
	struct fix f;

	(void)state;
	start(&f);
	for (int i = 0; i < 3; i++) {
		assert_true(agent_is_open(f.agent));
		agent_address(f.agent, address);
		assert_string_equal(address, f.address);
		expect_poll(&f, up);
		agent_shut(f.agent);
		agent_shut(f.agent);
		assert_false(agent_is_open(f.agent));
		assert_true(agent_is(f.agent, f.address));
		assert_int_equal(agent_reopen(f.agent), 0);
	}
	assert_int_equal(f.record.answered, 3);
	stop(&f);
}

/* It stays shut, and may try again. */
static void somebody_else_has_taken_it(void **state)
{
	struct agent *other;
	struct fix f;

	(void)state;
	start(&f);
	agent_shut(f.agent);
	assert_int_equal(open_at(&f, &other, f.address), 0);
	assert_int_equal(agent_reopen(f.agent), UV_EADDRINUSE);
	assert_false(agent_is_open(f.agent));
	agent_close(other);
	assert_int_equal(agent_reopen(f.agent), 0);
	expect_poll(&f, up);
	stop(&f);
}

static void closed_while_shut(void **state)
{
	struct fix f;

	(void)state;
	start(&f);
	agent_shut(f.agent);
	stop(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shut_and_open_again),
		cmocka_unit_test(somebody_else_has_taken_it),
		cmocka_unit_test(closed_while_shut),
	};

	signal(SIGPIPE, SIG_IGN); /* as usherd does */
	return cmocka_run_group_tests_name("agent shut", tests, NULL, NULL);
}
