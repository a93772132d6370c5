#include "t.h"

#include <stdlib.h>

#include "buf.h"

static void test_queue(void **state)
{
	struct buf b = BUF_INIT(100);

	(void)state;
	assert_int_equal(buf_append(&b, "hello", 5), 0);
	assert_int_equal(buf_append(&b, " world", 6), 0);
	assert_int_equal(b.len, 11);
	assert_memory_equal(b.data, "hello world", 11);
	buf_consume(&b, 6);
	assert_int_equal(b.len, 5);
	assert_memory_equal(b.data, "world", 5);
	buf_consume(&b, 5);
	assert_int_equal(b.len, 0);
	assert_int_equal(buf_append(&b, "again", 5), 0);
	assert_memory_equal(b.data, "again", 5);
	buf_free(&b);
}

static void test_limit(void **state)
{
	struct buf b = BUF_INIT(10);

	(void)state;
	assert_int_equal(buf_append(&b, "01234567890", 11), UV_ENOBUFS);
	assert_int_equal(b.len, 0);
	assert_int_equal(buf_append(&b, "0123456789", 10), 0);
	assert_int_equal(buf_append(&b, "x", 1), UV_ENOBUFS);
	assert_int_equal(buf_append(&b, "x", SIZE_MAX), UV_ENOBUFS);
	assert_int_equal(b.len, 10);
	assert_memory_equal(b.data, "0123456789", 10);
	buf_consume(&b, 1);
	assert_int_equal(buf_append(&b, "x", 1), 0);
	assert_memory_equal(b.data, "123456789x", 10);
	buf_free(&b);
}

static void test_nothing(void **state)
{
	struct buf b = BUF_INIT(0);

	(void)state;
	assert_int_equal(buf_append(&b, "", 0), 0);
	assert_int_equal(buf_append(&b, "x", 1), UV_ENOBUFS);
	buf_consume(&b, 0);
	assert_int_equal(b.len, 0);
	buf_free(&b);
}

static void test_free_leaves_it_usable(void **state)
{
	struct buf b = BUF_INIT(4);

	(void)state;
	assert_int_equal(buf_append(&b, "abcd", 4), 0);
	buf_free(&b);
	assert_null(b.data);
	assert_int_equal(b.len, 0);
	assert_int_equal(buf_append(&b, "abcde", 5), UV_ENOBUFS);
	assert_int_equal(buf_append(&b, "abcd", 4), 0);
	buf_free(&b);
	buf_free(&b);
}

/* Appends and takes in steps that never agree; a plain array is the oracle. */
static void test_against_an_array(void **state)
{
	enum { BYTES = 20000 };
	struct buf b = BUF_INIT(BYTES);
	unsigned char *all = malloc(BYTES);
	size_t in = 0, out = 0;

	(void)state;
	for (size_t i = 0; i < BYTES; i++)
		all[i] = (unsigned char)(i * 7919 >> 3);
	for (size_t step = 1; out < BYTES; step = step % 997 + 13) {
		size_t n = step < BYTES - in ? step : BYTES - in;

		assert_int_equal(buf_append(&b, all + in, n), 0);
		in += n;
		n = in < BYTES ? step * 2 / 3 : b.len;
		buf_consume(&b, n);
		out += n;
		assert_int_equal(b.len, in - out);
		if (b.len > 0)
			assert_memory_equal(b.data, all + out, b.len);
	}
	free(all);
	buf_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_queue),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_free_leaves_it_usable),
		cmocka_unit_test(test_against_an_array),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
