/*
 * Prints each line of the reply table in its three forms, as `answer` composes
 * it: the integration test shows them to HAProxy.
 */
#include <stdio.h>

#include "../unit/answer_rows.h"

int main(void)
{
	char line[ANSWER_MAX];

	for (size_t i = 0; i < ROWS_N; i++) {
		struct answer_facts f = row_facts(&rows[i]);

		for (int form = 0; form <= ANSWER_WITHOUT_ADMIN; form++) {
			answer_line(line, &f, (enum answer_form)form);
			fputs(line, stdout);
		}
	}
	return 0;
}
