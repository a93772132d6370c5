#include "t.h"

#include "gate.h"

enum { GUESTS = 5 };

struct fix {
	struct gate gate;
	struct guest {
		struct fix *fix;
		char name;
		struct gate_pass pass;
	} guests[GUESTS];
	char called[32]; /* names, in order */
	size_t n;
	int leaves; /* whoever is called leaves at once */
	int late;   /* who enters then, from inside the first call; 0: nobody */
	int inside; /* a call */
};

static enum gate_state enter(struct fix *f, int i);

static void start(struct fix *f, size_t room)
{
	memset(f, 0, sizeof(*f));
	gate_open(&f->gate, room);
	for (int i = 0; i < GUESTS; i++) {
		f->guests[i].fix = f;
		f->guests[i].name = (char)('a' + i);
	}
}

/* Never from inside another's: the stack would have to hold them all. */
static void on_in(void *arg)
{
	struct guest *g = arg;
	struct fix *f = g->fix;
	int late = f->late;

	assert_int_equal(f->inside++, 0);
	assert_int_equal(g->pass.state, GATE_IN);
	f->called[f->n++] = g->name;
	if (f->leaves)
		gate_leave(&f->gate, &g->pass);
	f->late = 0;
	if (late > 0)
		assert_int_equal(enter(f, late), GATE_WAITING);
	f->inside--;
}

static enum gate_state enter(struct fix *f, int i)
{
	return gate_enter(&f->gate, &f->guests[i].pass, on_in, &f->guests[i]);
}

static enum gate_state enter_again(struct fix *f, int i)
{
	return gate_enter_again(
		&f->gate, &f->guests[i].pass, on_in, &f->guests[i]);
}

static void leave(struct fix *f, int i)
{
	gate_leave(&f->gate, &f->guests[i].pass);
}

static void so_many_and_the_others_in_order(void **state)
{
	struct fix f;

	(void)state;
	start(&f, 2);
	for (int i = 0; i < GUESTS; i++)
		assert_int_equal(enter(&f, i), i < 2 ? GATE_IN : GATE_WAITING);
	assert_string_equal(f.called, "");
	leave(&f, 1);
	assert_string_equal(f.called, "c");
	leave(&f, 2);
	leave(&f, 0);
	assert_string_equal(f.called, "cde");
	leave(&f, 3);
	leave(&f, 4);
	assert_int_equal(f.gate.room, 2);
	assert_int_equal(enter(&f, 0), GATE_IN);
}

/* In the places that they have had, in whatever order they come. */
static void in_again(void **state)
{
	static const int orders[][3] = { { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 },
		{ 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 } };

	(void)state;
	for (size_t i = 0; i < COUNT(orders); i++) {
		struct fix f;

		start(&f, 1);
		for (int k = 0; k < 4; k++)
			enter(&f, k);
		for (int k = 0; k < 3; k++)
			leave(&f, k);
		assert_string_equal(f.called, "bcd");
		for (int k = 0; k < 3; k++)
			enter_again(&f, orders[i][k]);
		enter(&f, 4);
		leave(&f, 3);
		for (int k = 0; k < 3; k++)
			leave(&f, k);
		assert_string_equal(f.called, "bcdabce");
		leave(&f, 4);
		assert_int_equal(enter_again(&f, 0), GATE_IN);
	}
}

/* Who waits may go, from each place in the queue. */
static void tired_of_waiting(void **state)
{
	static const char *const called[] = { "cde", "bde", "bce", "bcd" };

	(void)state;
	for (int who = 1; who < GUESTS; who++) {
		struct fix f;

		start(&f, 1);
		for (int i = 0; i < GUESTS; i++)
			enter(&f, i);
		leave(&f, who);
		leave(&f, who);
		for (int i = 0; i < GUESTS; i++)
			leave(&f, i);
		assert_string_equal(f.called, called[who - 1]);
		assert_int_equal(f.gate.room, 1);
		/* The end of the queue is where it should be. */
		enter(&f, 0);
		assert_int_equal(enter(&f, who), GATE_WAITING);
		leave(&f, 0);
		assert_int_equal(f.guests[who].pass.state, GATE_IN);
	}
}

/* Work that ends before it has begun lets the next one in. */
static void out_again_from_inside_the_callback(void **state)
{
	struct fix f;

	(void)state;
	start(&f, 1);
	f.leaves = 1;
	for (int i = 0; i < GUESTS; i++)
		enter(&f, i);
	leave(&f, 0);
	assert_string_equal(f.called, "bcde");
	assert_int_equal(f.gate.room, 1);
}

/* Who comes meanwhile comes last, though there is room for a moment. */
static void in_from_inside_the_callback(void **state)
{
	struct fix f;

	(void)state;
	start(&f, 1);
	f.leaves = 1;
	f.late = GUESTS - 1;
	for (int i = 0; i < GUESTS - 1; i++)
		enter(&f, i);
	leave(&f, 0);
	assert_string_equal(f.called, "bcde");
	assert_int_equal(f.gate.room, 1);
}

/* When all is over, nobody else begins. */
static void closed(void **state)
{
	struct fix f;

	(void)state;
	start(&f, 1);
	for (int i = 0; i < GUESTS; i++)
		enter(&f, i);
	gate_close(&f.gate);
	for (int i = 0; i < GUESTS; i++)
		leave(&f, i);
	assert_string_equal(f.called, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(so_many_and_the_others_in_order),
		cmocka_unit_test(in_again),
		cmocka_unit_test(tired_of_waiting),
		cmocka_unit_test(out_again_from_inside_the_callback),
		cmocka_unit_test(in_from_inside_the_callback),
		cmocka_unit_test(closed),
	};

	return cmocka_run_group_tests_name("gate", tests, NULL, NULL);
}
