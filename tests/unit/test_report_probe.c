/* `usherctl probe`. */
#include "report_fix.h"

#define GOOD_STEPS \
	"    resolve         3 ms  (the last look-up)\n" \
	"    connect         1 ms  192.0.2.21:8140\n" \
	"    handshake       9 ms  TLSv1.2, full\n" \
	"    certificate           CN=puppet1.example.com, " \
	"of CN=Puppet CA, valid until 2026-11-24\n" \
	"    answer          2 ms  HTTP status 200\n" \
	"    result         15 ms  ok: in service (HTTP status 200)\n" \
	"    JRubies     4, 2 free; requests: 2 running, 0 waiting\n"
#define BAD_STEPS \
	"    resolve         0 ms  (the last look-up)\n" \
	"    result          1 ms  refused: connection refused " \
	"(192.0.2.22:8140: connection refused)\n"

static void probe_for_people(void **state)
{
	(void)state;
	expect_text(report_probe(&both),
		"puppet1.example.com (puppet1.example.com:8140)\n" GOOD_STEPS
		"b (192.0.2.22:8140)\n" BAD_STEPS);
}

static char *probe_of(const struct probed *p)
{
	struct report_server s = servers[0];
	struct report r = report_of(&s);

	s.view.probed = p;
	return report_probe(&r);
}

/* As far as it came, and no farther. */
static void each_step(void **state)
{
	struct probed p = good_probe;

	(void)state;
	p.resumed = true;
	memset(&p.cert, 0, sizeof(p.cert));
	expect_part(probe_of(&p),
		"TLSv1.2, resumed, so without the certificate\n    answer ");
	p.figures = PROBED_NOT_ASKED;
	expect_part(probe_of(&p), "ok: in service (HTTP status 200)\n");
	p.figures = PROBED_NO_FIGURES;
	strcpy(p.figures_detail, "HTTP status 404");
	expect_part(
		probe_of(&p), "    JRubies     not seen: HTTP status 404\n");
	p.figures = PROBED_CUT_FIGURES;
	strcpy(p.figures_detail, "no answer in time");
	expect_part(
		probe_of(&p), "    JRubies     not seen: no answer in time\n");
	p = bad_probe;
	strcpy(p.peer, "192.0.2.22:8140");
	p.connected_ms = 7;
	p.total_ms = 9;
	p.outcome = OUTCOME_CERT;
	strcpy(p.detail, "signed by another CA");
	p.cert = good_probe.cert;
	expect_part(probe_of(&p),
		"    connect         7 ms  192.0.2.22:8140\n"
		"    certificate           CN=puppet1.example.com, of "
		"CN=Puppet "
		"CA, valid until 2026-11-24\n"
		"    result          9 ms  cert: certificate not trusted "
		"(signed "
		"by another CA)\n");
	*p.detail = '\0';
	expect_part(probe_of(&p), "cert: certificate not trusted\n");
}

#define GOOD_PROBE \
	"{'time': '2026-11-23T09:29:59Z', 'word': 'ok'," \
	" 'text': 'in service', 'detail': 'HTTP status 200'," \
	" 'http_status': 200, 'peer': '192.0.2.21:8140', 'tls': 'TLSv1.2'," \
	" 'resumed': false, 'resolve_ms': 3, 'connect_ms': 1," \
	" 'handshake_ms': 9, 'answer_ms': 2, 'total_ms': 15," \
	" 'certificate': {'subject': 'CN=puppet1.example.com'," \
	"  'issuer': 'CN=Puppet CA', 'not_after': '2026-11-24T09:30:00Z'}," \
	" 'jruby': {'jrubies': 4, 'free': 2, 'running': 2, 'waiting': 0}}"
#define BAD_PROBE \
	"{'time': '2026-11-23T09:29:58Z', 'word': 'refused'," \
	" 'text': 'connection refused'," \
	" 'detail': '192.0.2.22:8140: connection refused'," \
	" 'http_status': 0, 'peer': null, 'tls': null," \
	" 'resumed': false, 'resolve_ms': 0, 'connect_ms': 0," \
	" 'handshake_ms': 0, 'answer_ms': 0, 'total_ms': 1," \
	" 'certificate': null, 'jruby': null}"

static void probe_for_scripts(void **state)
{
	struct report_server late = servers[0];
	struct report r = as_json();

	(void)state;
	expect_json(report_probe(&r),
		"{'version': 1, 'time': '2026-11-23T09:30:00Z', 'servers': ["
		"{'name': 'puppet1.example.com',"
		" 'address': 'puppet1.example.com:8140',"
		" 'probe': " GOOD_PROBE "},"
		"{'name': 'b', 'address': '192.0.2.22:8140',"
		" 'probe': " BAD_PROBE "}]}");
	late.view.probed = &no_probe;
	r.servers = &late;
	r.n = 1;
	expect_json(report_probe(&r),
		"{'version': 1, 'time': '2026-11-23T09:30:00Z', 'servers': ["
		"{'name': 'puppet1.example.com',"
		" 'address': 'puppet1.example.com:8140', 'probe': null}]}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(probe_for_people),
		cmocka_unit_test(each_step),
		cmocka_unit_test(probe_for_scripts),
	};

	return cmocka_run_group_tests_name("report probe", tests, NULL, NULL);
}
