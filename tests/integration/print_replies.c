/*
 * Prints each line of the reply table in its three forms, as `answer` composes
 * it: the integration test shows them to HAProxy.
 */
#include <stdio.h>

#include "../unit/answer_rows.h"

int main(void)
{
	struct answer a;

	for (size_t i = 0; i < ROWS_N; i++) {
		struct answer_facts f = row_facts(&rows[i]);

		for (int form = 0; form <= ANSWER_WITHOUT_ADMIN; form++) {
			answer_make(&a, &f, (enum answer_form)form);
			fputs(a.text, stdout);
		}
	}
	return 0;
}
