/* Servers whose full handshakes have to wait. */
#include "server_fix.h"

static void nobody(void *arg)
{
	(void)arg;
	fail_msg("it was in");
}

/* One with a full handshake has its turn; until then no deadline runs. */
static void waits_at_the_gate(void **state)
{
	struct gate_pass other = { .state = GATE_OUT };
	struct fix f;

	(void)state;
	ahead_ms = 0;
	open_fix(&f, TLSPEER_ANSWER);
	f.config.timeout_ms = 1;
	assert_int_equal(gate_enter(&f.gate, &other, nobody, NULL), GATE_IN);
	for (int i = 0; i < 200; i++)
		uv_run(&f.loop, UV_RUN_ONCE);
	assert_int_equal(f.peer.accepted, 0);
	assert_int_equal(server_probes_ended(f.server), 0);
	f.config.timeout_ms = 10000;
	gate_leave(&f.gate, &other);
	/* Then sessions are resumed, and nobody need wait. */
	wait_for(&f, 1);
	while (f.gate.room == 0)
		uv_run(&f.loop, UV_RUN_ONCE);
	assert_int_equal(gate_enter(&f.gate, &other, nobody, NULL), GATE_IN);
	wait_for(&f, 4);
	close_fix(&f);
	gate_leave(&f.gate, &other);
	assert_int_equal(f.gate.room, 1);
}

/* Whatever is asked of one that waits, it is let in once. */
static void asked_while_it_waits(void **state)
{
	struct gate_pass other = { .state = GATE_OUT };
	struct fix f;

	(void)state;
	ahead_ms = 0;
	open_fix(&f, TLSPEER_ANSWER);
	gate_enter(&f.gate, &other, nobody, NULL);
	while (f.gate.first == NULL)
		uv_run(&f.loop, UV_RUN_ONCE);
	server_keep_pace(f.server);
	server_trust_changed(f.server, f.trust);
	server_configure(f.server, &f.config, f.trust);
	for (int i = 0; i < 20; i++)
		uv_run(&f.loop, UV_RUN_ONCE);
	assert_non_null(f.gate.first);
	assert_int_equal(server_probe_now(f.server), 1);
	for (int i = 0; i < 50; i++)
		uv_run(&f.loop, UV_RUN_ONCE);
	assert_non_null(f.gate.first);
	assert_null(f.gate.first->next);
	assert_int_equal(f.peer.accepted, 0);
	gate_leave(&f.gate, &other);
	wait_for(&f, 2);
	close_fix(&f);
	assert_int_equal(f.gate.room, 1);
}

/* A reload brings files that are not read yet, while it waits. */
static void let_in_without_files(void **state)
{
	struct trust_options options = { .files = { .ca = PKI("none.pem"),
						 .crl = PKI("crl.pem") },
		.cb = on_trust };
	struct gate_pass other = { .state = GATE_OUT };
	struct trust *none;
	struct fix f;

	(void)state;
	ahead_ms = 0;
	open_fix(&f, TLSPEER_ANSWER);
	gate_enter(&f.gate, &other, nobody, NULL);
	while (f.gate.first == NULL)
		uv_run(&f.loop, UV_RUN_ONCE);
	options.arg = &f;
	assert_int_equal(trust_open(&none, &f.loop, &options), 0);
	server_configure(f.server, &f.config, none);
	gate_leave(&f.gate, &other);
	assert_int_equal(f.gate.room, 1);
	for (int i = 0; i < 20; i++)
		uv_run(&f.loop, UV_RUN_ONCE);
	assert_int_equal(f.peer.accepted, 0);
	server_configure(f.server, &f.config, f.trust);
	server_trust_changed(f.server, f.trust);
	wait_for(&f, 1);
	trust_close(none);
	close_fix(&f);
}

/* Who is silent holds no place, long before its deadline. */
static void silence_leaves_the_gate(void **state)
{
	struct gate_pass other = { .state = GATE_OUT };
	struct fix f;

	(void)state;
	ahead_ms = 0;
	open_fix(&f, TLSPEER_SILENT);
	wait_for(&f, 1);
	while (f.gate.room == 0)
		uv_run(&f.loop, UV_RUN_ONCE);
	assert_int_equal(server_probes_ended(f.server), 0);
	assert_int_equal(gate_enter(&f.gate, &other, nobody, NULL), GATE_IN);
	gate_leave(&f.gate, &other);
	close_fix(&f);
}

static void closed_at_the_gate(void **state)
{
	struct gate_pass other = { .state = GATE_OUT };
	struct fix f;

	(void)state;
	ahead_ms = 0;
	open_fix(&f, TLSPEER_ANSWER);
	gate_enter(&f.gate, &other, nobody, NULL);
	for (int i = 0; i < 20; i++)
		uv_run(&f.loop, UV_RUN_ONCE);
	assert_non_null(f.gate.first);
	close_fix(&f);
	assert_null(f.gate.first);
	gate_leave(&f.gate, &other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(waits_at_the_gate),
		cmocka_unit_test(asked_while_it_waits),
		cmocka_unit_test(let_in_without_files),
		cmocka_unit_test(silence_leaves_the_gate),
		cmocka_unit_test(closed_at_the_gate),
	};

	signal(SIGPIPE, SIG_IGN);
	log_set_level(LOG_ERROR);
	tlsconf_global_init();
	return cmocka_run_group_tests_name("server_gate", tests, NULL, NULL);
}
