/* The page for browsers: what stands on it, and that text stays text. */
#include "report_fix.h"

#include "page.h"

static char *page_of(const struct report_server *s, size_t n)
{
	struct report r = both;

	r.servers = s;
	r.n = n;
	return page_render(&r);
}

static void without(char *text, const char *part)
{
	assert_non_null(text);
	if (strstr(text, part) != NULL)
		fail_msg("%s\nis in\n%s", part, text);
	free(text);
}

static void two_servers(void **state)
{
	static const char *const parts[] = {
		"<title>usher: 1 of 2 in service</title>",
		"1 of 2 in service; 1 not: <a href=\"#b\">b</a></span> "
		"<span class=\"time\">2026-11-23 09:30:00 UTC</span>",
		"<article class=\"good\" id=\"puppet1.example.com\">",
		"<h2>puppet1.example.com</h2>"
		"<span class=\"pill\">in service</span>",
		"<dt>HAProxy is told</dt><dd><code>up 100%</code></dd>",
		"<dt>Measured</dt><dd>up for 3m</dd>",
		"<dt>Last probe</dt><dd>ok, 1s ago, 15 ms</dd>",
		"<span class=\"mono\">192.0.2.10</span> in, 1s ago</li>",
		"2 of 4 JRubies lent",
		"<article class=\"bad\" id=\"b\">",
		"<span class=\"pill\">drained</span>",
		"<dd>connection refused (192.0.2.22:8140: connection refused), "
		"2s ago, 1 ms</dd>",
		"<dt>Order</dt><dd>drain by alice for 1m, ends in 2h 0m: "
		"caf\xc3\xa9 &quot;x&quot;</dd>",
		"<dt>Order</dt><dd>weight 10% by bob for 3d 4h, not on disk",
		"<dt>Order</dt><dd>hold by root",
		"192.0.2.11</span> in, 1h 0m ago, ready is owed, "
		"<span class=\"warn\">asks no more</span>",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
		expect_part(page_render(&both), parts[i]);
}

static void one_server(void **state)
{
	(void)state;
	expect_part(page_of(servers, 1),
		"<title>puppet1.example.com: in service</title>");
	expect_part(
		page_of(servers, 1), "<main data-every=\"5\" class=\"one\"");
	without(page_of(servers, 1), "not:");
}

static void long_text_of_strangers(void **state)
{
	static const char evil[] = "</dd><script>alert('1')</script>&\"";
	struct orders orders = no_orders;
	struct probed last = bad_probe;
	struct report_server s = servers[0];

	(void)state;
	orders.state = (struct order){ .kind = ORDER_DRAIN, .who = "<b>" };
	strcpy(orders.state.why, evil);
	strcpy(last.detail, evil);
	s.name = "\"><script>";
	s.orders = &orders;
	s.view.probed = &last;
	strcpy(s.view.reply, evil);
	without(page_of(&s, 1), "<script>alert");
	without(page_of(&s, 1), "\"><script>");
	without(page_of(&s, 1), "<b>:");
	expect_part(page_of(&s, 1),
		"<code>&lt;/dd&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script"
		"&gt;&amp;&quot;</code>");
	expect_part(page_of(&s, 1), "id=\"&quot;&gt;&lt;script&gt;\"");
}

static const struct {
	enum verdict verdict;
	enum answer_told told;
	enum order_kind state;
	unsigned weight;
	const char *class, *words;
} rows[] = {
	{ VERDICT_UP, ANSWER_IN, ORDER_NONE, 100, "good", "in service" },
	{ VERDICT_UP, ANSWER_IN, ORDER_NONE, 40, "good", "in service, 40%" },
	{ VERDICT_BUSY, ANSWER_IN, ORDER_NONE, 1, "hint", "busy" },
	{ VERDICT_FAIL, ANSWER_OUT, ORDER_NONE, 100, "bad", "failing" },
	{ VERDICT_DOWN, ANSWER_OUT, ORDER_NONE, 100, "bad", "not there yet" },
	{ VERDICT_STOPPING, ANSWER_DRAIN, ORDER_NONE, 100, "bad", "stopping" },
	{ VERDICT_NONE, ANSWER_NOTHING, ORDER_NONE, 100, "none",
		"no verdict yet" },
	{ VERDICT_UP, ANSWER_DRAIN, ORDER_DRAIN, 100, "hint", "drained" },
	{ VERDICT_UP, ANSWER_MAINT, ORDER_MAINT, 100, "hint", "maintenance" },
	{ VERDICT_UP, ANSWER_OUT, ORDER_DOWN, 100, "hint", "down" },
	{ VERDICT_UP, ANSWER_OUT, ORDER_NONE, 0, "good", "weight 0%" },
	{ VERDICT_FAIL, ANSWER_IN, ORDER_UP, 100, "hint", "in service" },
};

static void states(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct answer lines[STANDING_FORMS] = {
			[ANSWER_WITH_READY] = { .told = rows[i].told }
		};
		struct orders orders = { .state = { .kind = rows[i].state } };
		struct report_server s = servers[0];
		char pill[128], class[64];

		s.orders = &orders;
		s.view.lines = lines;
		s.view.verdict = rows[i].verdict;
		s.view.weight.percent = rows[i].weight;
		snprintf(pill, sizeof(pill), "<span class=\"pill\">%s</span>",
			rows[i].words);
		snprintf(class, sizeof(class), "<article class=\"%s\"",
			rows[i].class);
		expect_part(page_of(&s, 1), pill);
		expect_part(page_of(&s, 1), class);
	}
}

static void pollers(void **state)
{
	static struct poller crowd[20];
	struct pollers all = { .list = crowd, .n = 20 };
	struct report_server s = servers[0];

	(void)state;
	s.view.pollers = &all;
	expect_part(page_of(&s, 1), "<li>and 12 more</li>");
	s.view.pollers = &polled_by_nobody;
	expect_part(page_of(&s, 1), "none has asked since usherd started");
}

static void certificate(void **state)
{
	struct tally tally = { .cert_not_after_s = NOW_S + 31 * 86400 };
	struct report_server s = servers[0];

	(void)state;
	s.view.tally = &tally;
	without(page_of(&s, 1), "Certificate");
	tally.cert_not_after_s = NOW_S + 3 * 86400;
	expect_part(page_of(&s, 1), "ends in 3d 0h");
	tally.cert_not_after_s = NOW_S - 1;
	expect_part(page_of(&s, 1), "has ended");
}

/* Weight 40 for one minute, then a gap of one, then drained for one. */
static void chart(void **state)
{
	static struct trail trail;
	struct answer in = { .told = ANSWER_IN, .percent = 50 };
	struct answer out = { .told = ANSWER_DRAIN };
	struct probed figures = { .figures = PROBED_FIGURES,
		.jruby = { .jrubies = 4, .borrowed = 4, .waiting = 4 } };
	struct report_server s = servers[0];

	(void)state;
	s.view.trail = &trail;
	trail_told(&trail, &in, NOW_MS - 5 * TRAIL_SAMPLE_MS);
	trail_told(&trail, &in, NOW_MS - 4 * TRAIL_SAMPLE_MS);
	trail_told(&trail, &out, NOW_MS - TRAIL_SAMPLE_MS);
	trail_told(&trail, &out, NOW_MS);
	expect_part(page_of(&s, 1),
		"<path class=\"weight\" d=\"M344 42V25H350V42Z"
		"M356 42V42H362V42Z\"/>");
	expect_part(page_of(&s, 1), "aria-label=\"The last hour: weight 0%\"");
	without(page_of(&s, 1), "class=\"running\"");
	trail_probe(&trail, &figures, NOW_MS);
	expect_part(page_of(&s, 1),
		"<path class=\"waiting\" d=\"M359 90V56H362V90Z\"/>"
		"<path class=\"running\" d=\"M359 90V73H362V90Z\"/>");
	expect_part(page_of(&s, 1),
		"weight 0%, 4 of 4 JRubies lent, 4 requests wait\"");
	/* The top of the scale, and half of it. */
	expect_part(page_of(&s, 1), "<text x=\"366\" y=\"59\">8</text>");
	expect_part(page_of(&s, 1), "<text x=\"366\" y=\"76\">4</text>");
}

/* Probes that are a minute and a half apart leave no holes. */
static void chart_of_few_probes(void **state)
{
	static struct trail trail;
	struct probed figures = { .figures = PROBED_FIGURES,
		.jruby = { .jrubies = 1, .borrowed = 1, .waiting = 33 } };
	struct report_server s = servers[0];

	(void)state;
	s.view.trail = &trail;
	trail_probe(&trail, &figures, NOW_MS - 3 * TRAIL_SAMPLE_MS);
	trail_probe(&trail, &figures, NOW_MS);
	expect_part(page_of(&s, 1),
		"<path class=\"waiting\" d=\"M350 90V56H362V90Z\"/>");
	/* No label of the one JRuby, which would lie on that of 0. */
	expect_part(page_of(&s, 1), "\">34</text>");
	without(page_of(&s, 1), "\">1</text>");
}

static void many_servers(void **state)
{
	static struct report_server farm[200];
	struct report_server absent = servers[1];

	(void)state;
	for (size_t i = 0; i < 200; i++)
		farm[i] = i < 20 ? absent : servers[0];
	expect_part(page_of(farm, 200), "<main data-every=\"13\">");
	expect_part(page_of(farm, 200), " and 8 more</span>");
}

/* Nothing on it leads elsewhere, and the policy would not allow it. */
static void policy(void **state)
{
	char text[PAGE_POLICY_MAX];

	(void)state;
	assert_int_equal(page_policy(text), 0);
	assert_true(strlen(text) < PAGE_POLICY_MAX - 1);
	assert_non_null(strstr(text, "default-src 'none'; style-src 'sha256-"));
	assert_null(strstr(text, "unsafe"));
	without(page_render(&both), " style=");
	without(page_render(&both), " onclick=");
	without(page_render(&both), "https://");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_servers),
		cmocka_unit_test(one_server),
		cmocka_unit_test(long_text_of_strangers),
		cmocka_unit_test(states),
		cmocka_unit_test(pollers),
		cmocka_unit_test(certificate),
		cmocka_unit_test(chart),
		cmocka_unit_test(chart_of_few_probes),
		cmocka_unit_test(many_servers),
		cmocka_unit_test(policy),
	};

	return cmocka_run_group_tests_name("page", tests, NULL, NULL);
}
