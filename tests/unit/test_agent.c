#include "t.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent.h"
#include "capture.h"
#include "hasten.h"
#include "peer.h"

#define X10 "xxxxxxxxxx"
#define X50 X10 X10 X10 X10 X10
#define X255 X50 X50 X50 X50 X50 "xxxxx"
#define X600 X50 X50 X50 X50 X50 X50 X50 X50 X50 X50 X50 X50

/* Turns take at most a millisecond each. */
enum {
	TURNS_MAX = 20000,
	ARRIVING = 20, /* from the last byte sent to when patience may end */
};

static const char up[] = "up ready 100%\n";
static const char unknown[] = "# unknown server\n";

struct fix {
	const char *speaks_for;
	uv_loop_t loop;
	uv_timer_t ticker; /* so that no turn waits for long */
	struct agent *agent;
	struct agent_record record;
	struct sockaddr_storage at;
	unsigned asked; /* with a name */
	char owner[32], name[AGENT_NAME_MAX + 1];
};

/* A port with an owner needs no name; the others know puppet1. */
static const char *on_line(
	void *arg, const struct agent_poll *poll, size_t *len)
{
	struct fix *f = arg;

	*len = strlen(up);
	assert_non_null(poll->peer);
	snprintf(f->owner, sizeof(f->owner), "%s", poll->owner);
	if (poll->name == NULL)
		return *poll->owner != '\0' ? up : NULL;
	f->asked++;
	snprintf(f->name, sizeof(f->name), "%s", poll->name);
	return strcmp(poll->name, "puppet1") == 0 ? up : NULL;
}

static void on_tick(uv_timer_t *timer)
{
	(void)timer;
}

static void start(struct fix *f, const char *address, const char *owner)
{
	struct agent_options o = { .address = address,
		.record = &f->record,
		.line = on_line,
		.arg = f };
	char text[ADDR_TEXT_MAX];
	struct addr_parts parts;

	memset(f, 0, sizeof(*f));
	f->speaks_for = owner;
	hasten_those_of(AGENT_PATIENCE_MS);
	assert_int_equal(uv_loop_init(&f->loop), 0);
	assert_int_equal(uv_timer_init(&f->loop, &f->ticker), 0);
	uv_timer_start(&f->ticker, on_tick, 1, 1);
	assert_int_equal(agent_open(&f->agent, &f->loop, &o), 0);
	agent_address(f->agent, text);
	assert_int_equal(addr_split(&parts, text, 0), 0);
	assert_true(parts.port > 0);
	/* Where it listens everywhere, IPv4 is let in too. */
	assert_int_equal(addr_literal(&f->at, "127.0.0.1", parts.port), 0);
}

static void allow(struct fix *f, struct addr_net *net, const char *text)
{
	assert_int_equal(addr_net_parse(net, text), 0);
	agent_configure(f->agent, f->speaks_for, net, 1);
}

static void stop(struct fix *f)
{
	agent_close(f->agent);
	uv_close((uv_handle_t *)&f->ticker, NULL);
	t_loop_close(&f->loop);
}

/* Polls once, to the end.  The caller frees the peer. */
static void poll_with(struct fix *f, struct peer *p)
{
	peer_open(p, &f->loop, (struct sockaddr *)&f->at);
	for (int i = 0; !p->closed; i++) {
		assert_true(i < TURNS_MAX);
		uv_run(&f->loop, UV_RUN_ONCE);
	}
}

static void expect_poll(
	struct fix *f, const char *from, const char *text, const char *expected)
{
	struct peer p = { .way = PEER_TALKS,
		.text = text,
		.len = strlen(text),
		.from = from };

	poll_with(f, &p);
	if (!peer_got(&p, expected))
		fail_msg("\"%s\" from %s: not \"%s\"", text, from, expected);
	peer_free(&p);
}

/* Each line of the log without its time must be this. */
static void expect_log(const char *expected)
{
	char *log, *from, *to;
	size_t len;

	log = capture_end(&len);
	for (from = to = log; *from != '\0';) {
		size_t n = strcspn(from, "\n") + 1;
		size_t time = strcspn(from, " ") + 1;

		assert_true(time < n);
		memmove(to, from + time, n - time);
		to += n - time;
		from += n;
	}
	*to = '\0';
	assert_string_equal(log, expected);
	free(log);
}

/* --- names ---------------------------------------------------------------- */

#define TALKS(text, name, reply) \
	{ \
		PEER_TALKS, text, sizeof(text) - 1, name, reply \
	}
#define ENDS(text, name, reply) \
	{ \
		PEER_ENDS, text, sizeof(text) - 1, name, reply \
	}

static const struct row {
	enum peer_way way;
	const char *text;
	size_t len;
	const char *name, *reply;
} rows[] = {
	TALKS("puppet1\n", "puppet1", up),
	TALKS("puppet1\r\n", "puppet1", up),
	TALKS("  puppet1\t \n", "puppet1", up),
	TALKS("\tpuppet1 \r\n", "puppet1", up),
	TALKS("puppet1\nrest", "puppet1", up),
	TALKS("puppet1\n\n", "puppet1", up),
	ENDS("puppet1\n", "puppet1", up),
	/* No line's end: the peer's end, or that of our patience. */
	ENDS("puppet1", "puppet1", up),
	ENDS("", "", unknown),
	TALKS("puppet1", "puppet1", up),
	TALKS("pup", "pup", unknown),
	TALKS("", "", unknown),
	/* Not known. */
	TALKS("\n", "", unknown),
	TALKS("puppet2\n", "puppet2", unknown),
	TALKS("pup pet1\n", "pup pet1", unknown),
	TALKS("\npuppet1\n", "", unknown),
	TALKS("pup\"pet\"1\n", "pup'pet'1", unknown),
	TALKS("pup\0pet1\n", "pup?pet1", unknown),
	TALKS("puppet1\0x\n", "puppet1?x", unknown),
	TALKS("\x01\xff\n", "\x01\xff", unknown),
	/* Too long. */
	TALKS(X255 "\n", X255, unknown),
	TALKS(X255 "x\n", X255 "x", unknown),
	TALKS(X600 "\n", X255 "x", unknown),
	TALKS(X600, X255 "x", unknown),
};

static void check_row(const struct row *row, size_t step)
{
	struct peer p = { .way = row->way,
		.text = row->text,
		.len = row->len,
		.step = step };
	struct addr_net net;
	struct fix f;
	int quiet = 0;

	start(&f, "127.0.0.1:0", "");
	allow(&f, &net, "127.0.0.1");
	peer_open(&p, &f.loop, (struct sockaddr *)&f.at);
	for (int i = 0; !p.closed; i++) {
		assert_true(i < TURNS_MAX);
		uv_run(&f.loop, UV_RUN_ONCE);
		if (p.sent == p.len && f.asked == 0 && quiet++ == ARRIVING)
			hasten();
	}
	if (f.asked != 1 || strcmp(f.name, row->name) != 0 ||
		!peer_got(&p, row->reply))
		fail_msg("\"%s\" in steps of %zu: %u times, last \"%s\"",
			row->text, step, f.asked, f.name);
	assert_string_equal(f.owner, "");
	assert_int_equal(f.record.answered, 1);
	assert_int_equal(f.record.refused, 0);
	stop(&f);
	peer_free(&p);
}

static void test_names(void **state)
{
	static const size_t steps[] = { 1, 2, 7, 100, 1000 };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		for (size_t k = 0; k < COUNT(steps); k++)
			if (rows[i].len / steps[k] < 100 &&
				(k == 0 || rows[i].len > steps[k - 1]))
				check_row(&rows[i], steps[k]);
}

/* No byte is waited for: the poller, without agent-send, sends none. */
static void test_an_owned_port_answers_on_accept(void **state)
{
	struct addr_net net;
	struct fix f;

	(void)state;
	start(&f, "127.0.0.1:0", "puppet1");
	allow(&f, &net, "127.0.0.0/8");
	expect_poll(&f, NULL, "", up);
	expect_poll(&f, NULL, "puppet2\n", up);
	assert_string_equal(f.owner, "puppet1");
	assert_int_equal(f.asked, 0);
	assert_int_equal(f.record.answered, 2);
	stop(&f);
}

/* --- who may poll --------------------------------------------------------- */

static void test_allow(void **state)
{
	struct addr_net net;
	struct fix f;

	(void)state;
	start(&f, "127.0.0.1:0", "puppet1");
	expect_poll(&f, "127.0.0.1", "", ""); /* nobody yet */
	allow(&f, &net, "127.0.0.2");
	expect_poll(&f, "127.0.0.2", "", up);
	expect_poll(&f, "127.0.0.1", "", "");
	expect_poll(&f, "127.0.0.3", "", "");
	allow(&f, &net, "127.0.0.0/30");
	expect_poll(&f, "127.0.0.3", "", up);
	expect_poll(&f, "127.0.0.4", "", "");
	assert_int_equal(f.record.refused, 4);
	assert_int_equal(f.record.answered, 2);
	stop(&f);
}

static void test_refusals_are_logged_once_each(void **state)
{
	struct addr_net net;
	struct fix f;

	(void)state;
	capture_start();
	start(&f, "127.0.0.1:0", "puppet1");
	allow(&f, &net, "10.0.0.0/8");
	for (int i = 0; i < 3; i++) {
		expect_poll(&f, "127.0.0.1", "", "");
		expect_poll(&f, "127.0.0.2", "", "");
	}
	assert_int_equal(f.record.refused, 6);
	assert_string_equal(f.record.refused_last, "127.0.0.2");
	stop(&f);
	expect_log("warn refused poller=127.0.0.1 text=\"not in allow\"\n"
		   "warn refused poller=127.0.0.2 text=\"not in allow\"\n");
}

static void test_unknown_names_are_logged_once_each(void **state)
{
	struct addr_net net;
	struct fix f;

	(void)state;
	capture_start();
	start(&f, "127.0.0.1:0", "");
	allow(&f, &net, "127.0.0.0/8");
	for (int i = 0; i < 2; i++) {
		expect_poll(&f, NULL, "a\x1b\"b\n", unknown);
		expect_poll(&f, NULL, "\n", unknown);
		expect_poll(&f, NULL, "puppet1\n", up);
	}
	stop(&f);
	expect_log("warn unknown poller=127.0.0.1 asked=\"a?'b\" "
		   "text=\"no [server] section has this name\"\n"
		   "warn unknown poller=127.0.0.1 asked=\"\" "
		   "text=\"several servers share this port: agent-send must "
		   "name one\"\n");
}

/* The last line that is written about it says so. */
static void test_the_log_is_not_filled(void **state)
{
	char expected[256], name[16], *log, *last;
	struct addr_net net;
	struct fix f;
	size_t len;

	(void)state;
	capture_start();
	start(&f, "127.0.0.1:0", "");
	allow(&f, &net, "127.0.0.0/8");
	for (int i = 0; i < SEEN_MAX + 20; i++) {
		snprintf(name, sizeof(name), "n%d\n", i);
		expect_poll(&f, NULL, name, unknown);
	}
	stop(&f);
	log = capture_end(&len);
	log[len - 1] = '\0';
	last = strrchr(log, '\n');
	assert_non_null(last);
	snprintf(expected, sizeof(expected),
		"warn unknown poller=127.0.0.1 asked=\"n%d\" text=\"no [server]"
		" section has this name; more will not be listed\"",
		SEEN_MAX - 1);
	assert_string_equal(strchr(last, ' ') + 1, expected);
	free(log);
}

/* --- addresses ------------------------------------------------------------ */

static void test_everywhere(void **state)
{
	struct addr_net net;
	char text[ADDR_TEXT_MAX];
	struct fix f;

	(void)state;
	start(&f, "*:0", "puppet1");
	allow(&f, &net, "127.0.0.0/8");
	expect_poll(&f, "127.0.0.1", "", up);
	allow(&f, &net, "10.0.0.0/8");
	expect_poll(&f, "127.0.0.1", "", "");
	agent_address(f.agent, text);
	assert_true(strncmp(text, "[::]:", 5) == 0 ||
		strncmp(text, "0.0.0.0:", 8) == 0);
	stop(&f);
}

/* A host name is not looked up, and above all doesn't become "everywhere". */
static void test_which_and_which_not(void **state)
{
	static const char *const bad[] = { "", "127.0.0.1", "localhost:0",
		"[::g]:0", "127.0.0.1:x" };
	struct agent_record record = { .answered = 0 };
	struct agent *none = NULL;
	char taken[ADDR_TEXT_MAX];
	struct fix f;

	(void)state;
	start(&f, "127.0.0.1:0", "puppet1");
	assert_true(agent_is(f.agent, "127.0.0.1:0"));
	assert_false(agent_is(f.agent, "127.0.0.1:1"));
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct agent_options o = { bad[i], &record, on_line, &f };

		assert_int_equal(agent_open(&none, &f.loop, &o), UV_EINVAL);
	}
	agent_address(f.agent, taken);
	assert_int_equal(
		agent_open(&none, &f.loop,
			&(struct agent_options){ taken, &record, on_line, &f }),
		UV_EADDRINUSE);
	assert_null(none);
	stop(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_an_owned_port_answers_on_accept),
		cmocka_unit_test(test_allow),
		cmocka_unit_test(test_refusals_are_logged_once_each),
		cmocka_unit_test(test_unknown_names_are_logged_once_each),
		cmocka_unit_test(test_the_log_is_not_filled),
		cmocka_unit_test(test_everywhere),
		cmocka_unit_test(test_which_and_which_not),
	};

	signal(SIGPIPE, SIG_IGN); /* as usherd does */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
