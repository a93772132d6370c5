/* HAProxy's state, taken apart; recorded, and as it should not be. */
#include "t.h"

#include <stdio.h>
#include <stdlib.h>

#include "hastats.h"
#include "hastats_fix.h"

#define STATE \
	"1\n# be_name srv_name srv_addr srv_admin_state srv_uweight " \
	"srv_iweight srv_check_state srv_agent_state\n"
#define STAT "# pxname,svname,type,status,check_status,agent_status,last_agt\n"

static char *copy_state, *copy_stat;
static char error[HASTATS_ERROR_MAX];

/* Of copies that end where the text ends, so that sanitizers see more. */
static int parse(struct hastats *t, const char *haproxys, const char *stat)
{
	copy_state = strdup(haproxys);
	copy_stat = strdup(stat);
	*error = '\0';
	return hastats_parse(t, copy_state, copy_stat, error);
}

static void done(struct hastats *t)
{
	hastats_free(t);
	free(copy_state);
	free(copy_stat);
}

static void recorded(void **state)
{
	const struct ha_server *s;
	struct hastats t;

	(void)state;
	assert_int_equal(parse(&t, recorded_state, recorded_stat), 0);
	assert_int_equal(t.n, 4);
	s = &t.list[0];
	assert_string_equal(s->backend, "rr");
	assert_string_equal(s->name, "ok");
	assert_string_equal(s->status, "UP");
	assert_string_equal(s->algo, "roundrobin");
	assert_string_equal(s->tracks, "");
	assert_string_equal(s->check_status, "L4OK");
	assert_string_equal(s->agent_status, "L7OK");
	assert_string_equal(s->agent_text, "via agent : up");
	assert_string_equal(s->address, "127.0.0.1");
	assert_string_equal(s->agent_address, "-");
	assert_string_equal(s->agent_port, "18101");
	assert_int_equal(s->weight, 100);
	assert_int_equal(s->check, HA_CHECK_CONFIGURED | HA_CHECK_ENABLED);
	assert_int_equal(s->agent & 7, HA_CHECK_CONFIGURED | HA_CHECK_ENABLED);
	s = &t.list[1];
	assert_string_equal(s->status, "DRAIN (agent)");
	assert_int_equal(s->admin, HA_FORCED_DRAIN);
	assert_int_equal(s->agent_ms, 3);
	assert_int_equal(s->check, 0);
	assert_string_equal(s->agent_text,
		"via agent : up (drain by alice: kernel, \"x\")");
	assert_int_equal(t.list[2].weight, 0);
	assert_int_equal(t.list[2].initial, 1);
	s = &t.list[3];
	assert_string_equal(s->backend, "src");
	assert_string_equal(s->algo, "source");
	/* A newline stands inside this one. */
	assert_string_equal(s->agent_text,
		"via agent : up (Backend is using a static LB algorithm and "
		"only accepts weights '0%' and '100%'.?)");
	done(&t);
}

/* Every beginning of the recorded answers is one, too, or none. */
static void cut_short(void **state)
{
	(void)state;
	for (size_t i = 0; i <= strlen(recorded_stat); i++) {
		char *part = strndup(recorded_stat, i);
		struct hastats t;

		if (parse(&t, recorded_state, part) == 0)
			assert_int_equal(t.n, 4);
		done(&t);
		free(part);
	}
	for (size_t i = 0; i <= strlen(recorded_state); i++) {
		char *part = strndup(recorded_state, i);
		struct hastats t;

		if (parse(&t, part, recorded_stat) == 0)
			assert_true(t.n <= 4);
		done(&t);
		free(part);
	}
}

static void fields(void **state)
{
	static const struct {
		const char *row, *text, *status;
	} rows[] = {
		{ "b,s,2,UP,,L7OK,x", "x", "L7OK" },
		{ "b,s,2,UP,,* L7OK,x", "x", "L7OK" },
		{ "b,s,2,UP,,L7OK,\"a,b\"\n", "a,b", "L7OK" },
		{ "b,s,2,UP,,L7OK,\"\"\n", "", "L7OK" },
		{ "b,s,2,UP,,L7OK,\"\"\"\"\n", "\"", "L7OK" },
		{ "b,s,2,UP,,L7OK,\"a\n\"\n", "a", "L7OK" },
		{ "b,s,2,UP,,L7OK,\"open", "open", "L7OK" },
		{ "b,s,2,UP,,L7OK,\"a\"b,c\n", "a", "L7OK" },
		{ "b,s,2,UP,,L7OK,a\"b\n", "a\"b", "L7OK" },
		{ "b,s,2,UP,,L7OK", "", "L7OK" },
		{ "b,s,2,UP", "", "" },
		{ "b,s,2,UP,,L7OK,\033[2J\001 \303.", "?[2J? ?.", "L7OK" },
		/* Not the server. */
		{ "b,other,2,UP,,L7OK,x", "", "" },
		{ "b,s,0,UP,,L7OK,x", "", "" },
		{ "b,s,,UP,,L7OK,x", "", "" },
		/* After an empty line nothing is read. */
		{ "\nb,s,2,UP,,L7OK,x", "", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char stat[256];
		struct hastats t;

		snprintf(stat, sizeof(stat), "%s%s", STAT, rows[i].row);
		assert_int_equal(
			parse(&t, STATE "b s 127.0.0.1 0 1 1 0 22\n", stat), 0);
		assert_int_equal(t.n, 1);
		assert_string_equal(t.list[0].agent_text, rows[i].text);
		assert_string_equal(t.list[0].agent_status, rows[i].status);
		done(&t);
	}
}

/* Another order, a server that is new or gone, more columns than are kept. */
static void other_orders(void **state)
{
	char *wide = calloc(1, 20000);
	struct hastats t;
	size_t used = 0;

	(void)state;
	assert_int_equal(
		parse(&t,
			STATE "a 1 ::1 0 1 1 0 22\na 2 - 0 2 2 0 22\n"
			      "b 1 - 0 3 3 0 22\n",
			"# status,type,svname,pxname,check_status,agent_status,"
			"algo\nDOWN,2,1,b,,INI,\nUP,2,1,c,,L7OK,\n"
			"MAINT,2,2,a,,L4CON,\nUP,1,BACKEND,b,,,first\n"),
		0);
	assert_int_equal(t.n, 3);
	assert_string_equal(t.list[0].status, "");
	assert_string_equal(t.list[1].agent_status, "L4CON");
	assert_string_equal(t.list[1].algo, "");
	assert_string_equal(t.list[2].status, "DOWN");
	assert_string_equal(t.list[2].algo, "first");
	assert_int_equal(t.list[2].weight, 3);
	done(&t);

	used = (size_t)sprintf(wide, "%.*s", (int)strlen(STAT) - 1, STAT);
	for (int i = 0; i < 5000; i++)
		used += (size_t)sprintf(wide + used, ",x");
	assert_int_equal(parse(&t, STATE "b s - 0 1 1 0 22\n", wide), 0);
	done(&t);
	free(wide);
}

static void numbers(void **state)
{
	struct hastats t;

	(void)state;
	assert_int_equal(
		parse(&t, STATE "b s - -1 x 99999999999999999999\n", STAT), 0);
	assert_int_equal(t.list[0].admin, 0);
	assert_int_equal(t.list[0].weight, 0);
	assert_int_equal(t.list[0].initial, 0);
	assert_int_equal(t.list[0].agent, 0);
	done(&t);
}

static void no_answers(void **state)
{
	static const struct {
		const char *haproxys, *stat, *sentence;
	} rows[] = {
		{ "", STAT, "no answer to `show servers state`: \"\"" },
		{ "1", STAT, "no answer to `show servers state`: \"1\"" },
		{ "2\n# x\n", STAT, "no answer to `show servers state`" },
		{ "1\nx\n", STAT, "no answer to `show servers state`: \"x\"" },
		{ "1\n# \n", STAT, "`show servers state`" },
		{ "1\n# be_name\n", STAT,
			"this HAProxy's `show servers state` has no srv_name" },
		{ "Permission denied\n\n", STAT,
			"use one with `level operator`" },
		{ "\033]0;x\a\"\n", STAT, "\"?]0;x?'\"" },
		{ STATE, "", "no answer to `show stat`: \"\"" },
		{ STATE, "HTTP/1.0 400 Bad\r\n", "\"HTTP/1.0 400 Bad?\"" },
		{ STATE, "# pxname,svname,type\n", "has no status" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct hastats t;

		assert_true(parse(&t, rows[i].haproxys, rows[i].stat) < 0);
		if (strstr(error, rows[i].sentence) == NULL)
			fail_msg("%zu: %s", i, error);
		assert_null(t.list);
		done(&t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(recorded),
		cmocka_unit_test(cut_short),
		cmocka_unit_test(fields),
		cmocka_unit_test(other_orders),
		cmocka_unit_test(numbers),
		cmocka_unit_test(no_answers),
	};

	return cmocka_run_group_tests_name(
		"HAProxy's state", tests, NULL, NULL);
}
