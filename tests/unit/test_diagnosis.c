/* What HAProxy says of a server, and what that is judged to be. */
#include "t.h"

#include <stdio.h>
#include <stdlib.h>

#include "diagnosis.h"

#define STATE \
	"1\n# be_name srv_name srv_addr srv_agent_port srv_admin_state " \
	"srv_uweight srv_iweight srv_check_state srv_agent_state\n"
#define STAT \
	"# pxname,svname,type,status,tracked,check_status,last_chk," \
	"agent_status,last_agt,agent_duration,algo\n"
#define REFUSED \
	"Backend is using a static LB algorithm and only accepts weights " \
	"'0%' and '100%'."
/* admin, weight, initial, check, agent */
#define FINE "0 100 100 6 22"
#define WELL "UP,,L4OK,,L7OK,via agent : up,1,"

/* One server of backend b, and others that stand around it. */
struct farm {
	char state[1024], stat[2048];
	struct hastats all;
};

static void build(
	struct farm *f, const char *state, const char *stat, const char *algo)
{
	char error[HASTATS_ERROR_MAX];

	snprintf(f->state, sizeof(f->state), "%s%s", STATE, state);
	snprintf(f->stat, sizeof(f->stat), "%s%sb,BACKEND,1,UP,,,,,,,%s\n",
		STAT, stat, algo);
	if (hastats_parse(&f->all, f->state, f->stat, error) != 0)
		fail_msg("%s", error);
}

/* "weight-1! no-check": the codes, "!" behind those of errors. */
static void codes(char dst[256], const struct diagnosis *d)
{
	size_t used = 0, errors = 0;

	*dst = '\0';
	for (size_t i = 0; i < d->n; i++) {
		const struct finding *f = &d->list[i];

		used += (size_t)snprintf(dst + used, 256 - used, "%s%s%s",
			i > 0 ? " " : "", f->code,
			f->level == DIAGNOSIS_ERROR ? "!" : "");
		errors += f->level == DIAGNOSIS_ERROR;
		assert_true(strlen(f->text) < DIAGNOSIS_TEXT_MAX - 1);
	}
	assert_int_equal(errors, d->errors);
}

static void one_server(void **state)
{
	static const struct {
		const char *numbers, *stat, *algo, *codes;
	} rows[] = {
		{ FINE, WELL, "roundrobin", "" },
		{ FINE, WELL, "leastconn", "" },
		{ FINE, WELL, "unknown", "" }, /* random */

		/* The initial weight, and the one now. */
		{ "0 0 0 6 22", WELL, "roundrobin", "weight-0!" },
		{ "0 1 1 6 22", WELL, "roundrobin", "weight-1!" },
		{ "0 0 1 6 22", WELL, "roundrobin", "weight-1! weight-now!" },
		{ "0 9 9 6 22", WELL, "roundrobin", "weight-low!" },
		{ "0 10 10 6 22", WELL, "roundrobin", "weight-low" },
		{ "0 99 99 6 22", WELL, "roundrobin", "weight-low" },
		{ "0 0 99 6 22", WELL, "roundrobin", "weight-low weight-now!" },
		{ "0 10 100 6 22", WELL, "roundrobin", "" },
		{ "0 256 256 6 22", WELL, "roundrobin", "" },
		{ "0 0 100 6 22", WELL, "roundrobin", "weight-now" },
		{ "0 0 100 6 22", "DOWN,,L4CON,,L7STS,via agent : fail,1,",
			"roundrobin", "" },

		/* Algorithms. */
		{ FINE, WELL, "static-rr", "static!" },
		{ FINE, WELL, "source", "hash-type" },
		{ FINE, WELL, "rdp-cookie", "hash-type" },
		{ "0 10 100 6 22", WELL, "source", "" },
		{ FINE, "UP,,L4OK,,L7OK,via agent : up (" REFUSED "),1,",
			"source", "static!" },
		{ FINE, "UP,,L4OK,,CHECKED,agent warns : " REFUSED ",1,", "uri",
			"static!" },
		{ FINE, "UP,,L4OK,,L7OK,via agent : up (" REFUSED "),1,", "",
			"static!" },
		{ FINE, WELL, "first", "first" },

		/* The agent. */
		{ "0 100 100 6 0", WELL, "roundrobin", "no-agent" },
		{ "0 100 100 6 18", "UP,,L4OK,,,,,", "roundrobin",
			"agent-off!" },
		{ "0 100 100 6 23", "UP,,L4OK,,* L7OK,via agent : up,1,",
			"roundrobin", "" },
		{ FINE, "UP,,L4OK,,INI,,0,", "roundrobin", "agent-unpolled!" },
		{ FINE, "UP,,L4OK,,L4CON,Connection refused,0,", "roundrobin",
			"agent-unreachable!" },
		{ FINE, "UP,,L4OK,,L4TOUT,,1000,", "roundrobin",
			"agent-unreachable!" },
		{ FINE, "UP,,L4OK,,L7TOUT,,1001,", "roundrobin",
			"agent-late!" },
		{ FINE, "UP,,L4OK,,L7RSP,TCPCHK got an empty response,1,",
			"roundrobin", "agent-closed!" },
		{ FINE, "UP,,L4OK,,SOCKERR,Connection reset by peer,1,",
			"roundrobin", "agent-closed!" },
		{ FINE, "UP,,L4OK,,PROCERR,x,1,", "roundrobin",
			"agent-failed!" },
		{ FINE, "UP,,L4OK,,CHECKED,,1,", "roundrobin",
			"agent-no-state!" },
		{ FINE,
			"UP,,L4OK,,CHECKED,agent reports an error : "
			"HTTP/1.1,1,",
			"roundrobin", "agent-other!" },
		{ FINE, "UP,,L4OK,,L7OK,Ignoring incomplete line from agent,1,",
			"roundrobin", "agent-other!" },
		{ FINE, "UP,,L4OK,,L7OK,via agent : up,499,", "roundrobin",
			"" },
		{ FINE, "UP,,L4OK,,L7OK,via agent : up,500,", "roundrobin",
			"agent-slow" },
		{ FINE, "DOWN (agent),,L4OK,,L7STS,via agent : fail (dead),1,",
			"roundrobin", "" },

		/* Drain and maintenance: by usher, or not. */
		{ "8 100 100 6 22",
			"DRAIN,,,,L7OK,via agent : up (drain by al: why),1,",
			"roundrobin", "" },
		{ "8 100 100 6 22",
			"DRAIN,,,,L7OK,via agent : up (hold by "
			"root),1,",
			"roundrobin", "" },
		{ "8 100 100 6 22",
			"DRAIN,,,,L7OK,via agent : up (stopping),1,",
			"roundrobin", "" },
		{ "8 100 100 6 22", "DRAIN,,,,L7OK,via agent : up,1,",
			"roundrobin", "stuck!" },
		{ "8 100 100 6 22",
			"DRAIN,,,,L7OK,via agent : up (weight 5% by al),1,",
			"roundrobin", "stuck!" },
		{ "8 100 100 6 22",
			"DRAIN,,,,L7OK,via agent : up (maint by al),1,",
			"roundrobin", "stuck!" },
		{ "1 100 100 14 22", "MAINT,,,,L7OK,via agent : up,1,",
			"roundrobin", "stuck!" },
		{ "1 100 100 14 22",
			"MAINT,,,,L7OK,via agent : up (maint by al),1,",
			"roundrobin", "" },
		{ "1 100 100 14 22",
			"MAINT,,,,L7OK,via agent : up (drain by al),1,",
			"roundrobin", "stuck!" },
		{ "5 100 100 14 22", "MAINT,,,,L7OK,via agent : up,1,",
			"roundrobin", "disabled!" },
		{ "5 100 100 14 22",
			"MAINT,,,,L7OK,via agent : up (maint by al),1,",
			"roundrobin", "" },
		{ "4 100 100 6 22", WELL, "roundrobin", "" },
		/* What it says of a drain when it is down is not known. */
		{ "8 100 100 6 22",
			"DOWN (agent),,,,L7STS,via agent : fail (dead),1,",
			"roundrobin", "" },
		{ "8 100 100 6 22",
			"DRAIN,,,,L7OK,via agent : up (" REFUSED "),1,",
			"source", "static!" },
		{ "32 100 100 6 22",
			"MAINT (resolution),,,,L7OK,"
			"via agent : up,1,",
			"roundrobin", "no-address!" },
		{ "2 100 100 0 22",
			"MAINT (via a/b),a/b,,,L7OK,"
			"via agent : up,1,",
			"roundrobin", "tracked" },
		{ "16 100 100 0 22", "DRAIN,a/b,,,L7OK,via agent : up,1,",
			"roundrobin", "tracked" },

		/* The health check. */
		{ "0 100 100 0 22", "no check,,,,L7OK,via agent : up,1,",
			"roundrobin", "no-check" },
		{ FINE, "DOWN,,L4CON,Connection refused,L7OK,via agent : up,1,",
			"roundrobin", "check-fails" },

		/* Several at a time. */
		{ "8 0 1 0 18", "DRAIN,,,,,,,", "source",
			"agent-off! weight-1! hash-type no-check" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char haproxys[256], stat[512], got[256];
		struct diagnosis d;
		struct farm f;

		snprintf(haproxys, sizeof(haproxys), "b s 192.0.2.1 8141 %s\n",
			rows[i].numbers);
		snprintf(stat, sizeof(stat), "b,s,2,%s\n", rows[i].stat);
		build(&f, haproxys, stat, rows[i].algo);
		diagnosis_of_server(&d, &f.all, 0);
		codes(got, &d);
		if (strcmp(got, rows[i].codes) != 0)
			fail_msg("row %zu, %s %s: %s, not %s", i,
				rows[i].numbers, rows[i].stat, got,
				rows[i].codes);
		hastats_free(&f.all);
	}
}

/* Which servers are looked at, and what those beside them tell. */
static void several(void **state)
{
	static const char *const expected[] = { "", "no-agent", "track", "", "",
		NULL };
	static const bool concerned[] = { true, true, true, true, true, false };
	struct diagnosis d;
	struct farm f;
	char got[256];

	(void)state;
	build(&f,
		"a 1 - 8141 " FINE "\na 2 - 0 0 1 1 0 0\nt 1 - 0 0 1 1 0 0\n"
		"b 1 - 8141 0 10 100 6 22\nb 2 - 8141 " FINE "\n"
		"c 1 - 0 0 1 1 0 0\n",
		"a,1,2," WELL "\na,2,2,UP,,,,,,,\nt,1,2,UP,a/1,,,,,,\n"
		"b,1,2," WELL "\nb,2,2," WELL "\nc,1,2,UP,a/2,,,,,,\n",
		"source");
	assert_int_equal(f.all.n, 6);
	for (size_t i = 0; i < f.all.n; i++) {
		assert_int_equal(diagnosis_concerns(&f.all, i), concerned[i]);
		if (expected[i] == NULL)
			continue;
		diagnosis_of_server(&d, &f.all, i);
		codes(got, &d);
		assert_string_equal(got, expected[i]);
	}
	diagnosis_of_all(&d, &f.all);
	codes(got, &d);
	assert_string_equal(got, "level agent-inter"); /* a shows no algo */
	hastats_free(&f.all);

	build(&f, "b 1 - 8141 " FINE "\n", "b,1,2," WELL "\n", "source");
	diagnosis_of_all(&d, &f.all);
	codes(got, &d);
	assert_string_equal(got, "agent-inter");
	hastats_free(&f.all);

	build(&f, "c 1 - 0 0 1 1 0 0\n", "", "source");
	assert_false(diagnosis_concerns(&f.all, 0));
	diagnosis_of_all(&d, &f.all);
	codes(got, &d);
	assert_string_equal(got, "no-agents!");
	hastats_free(&f.all);
}

static void expect_text(const char *numbers, const char *stat,
	const char *address, const char *text)
{
	char haproxys[256], row[512];
	struct diagnosis d;
	struct farm f;

	snprintf(haproxys, sizeof(haproxys), "b s %s 8141 %s\n", address,
		numbers);
	snprintf(row, sizeof(row), "b,s,2,%s\n", stat);
	build(&f, haproxys, row, "roundrobin");
	diagnosis_of_server(&d, &f.all, 0);
	assert_true(d.n > 0);
	assert_non_null(strstr(d.list[0].text, text));
	hastats_free(&f.all);
}

static void texts(void **state)
{
	(void)state;
	expect_text(FINE, "UP,,L4OK,,L4CON,Connection refused,0,",
		"2001:db8::1",
		"no connection to [2001:db8::1]:8141 (Connection refused)");
	expect_text(FINE, "UP,,L4OK,,L4CON,,0,", "192.0.2.1",
		"no connection to 192.0.2.1:8141: is usherd running there");
	expect_text(FINE, "UP,,L4OK,,L7TOUT,,1001,", "192.0.2.1",
		"192.0.2.1:8141 took the connection, but gave no answer in "
		"1001 ms");
	expect_text("0 3 3 6 22", WELL, "-", "weight 3: percentages below 34%");
	expect_text(
		"0 50 50 6 22", WELL, "-", "weight 50: percentages below 2%");
	expect_text("8 100 100 6 22", "DRAIN,,,,L7OK,via agent : up,1,", "-",
		"`set server b/s state ready`");
	expect_text(
		"0 100 100 6 18", "UP,,L4OK,,,,,", "-", "`enable agent b/s`");
}

/* As long as nobody's is, but for somebody who means harm. */
static void long_texts(void **state)
{
	char haproxys[900], stat[1500], much[701];
	struct diagnosis d;
	struct farm f;

	(void)state;
	for (size_t i = 0; i < sizeof(much) - 1; i += 2)
		memcpy(much + i, "\303\251", 2);
	much[sizeof(much) - 1] = '\0';
	for (int odd = 0; odd < 2; odd++) {
		snprintf(haproxys, sizeof(haproxys), "b s %.*s 1 " FINE "\n",
			300, much);
		snprintf(stat, sizeof(stat), "b,s,2,UP,,L4OK,,X%s,%s,1,\n",
			odd != 0 ? "y" : "", much);
		build(&f, haproxys, stat, "first");
		diagnosis_of_server(&d, &f.all, 0);
		assert_int_equal(d.errors, 1);
		assert_int_equal(
			strlen(d.list[0].text), DIAGNOSIS_TEXT_MAX - 1);
		/* What was cut is no half of a character. */
		for (const char *p = d.list[0].text; *p != '\0'; p++)
			if (*p == '\303')
				assert_int_equal(*++p, '\251');
			else
				assert_true(*p >= ' ' && *p <= '~');
		hastats_free(&f.all);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_server),
		cmocka_unit_test(several),
		cmocka_unit_test(texts),
		cmocka_unit_test(long_texts),
	};

	return cmocka_run_group_tests_name("diagnosis", tests, NULL, NULL);
}
