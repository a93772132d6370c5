#include "capture.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "t.h"

static FILE *file;
static int real = -1;

void capture_start(void)
{
	assert_int_equal(real, -1);
	file = tmpfile();
	real = dup(STDERR_FILENO);
	if (file == NULL || real < 0 || dup2(fileno(file), STDERR_FILENO) < 0)
		fail_msg("can't redirect stderr");
}

void capture_stat(struct stat *st)
{
	assert_int_equal(fstat(fileno(file), st), 0);
}

char *capture_end(size_t *len)
{
	struct stat st;
	char *text;

	capture_stat(&st);
	text = malloc((size_t)st.st_size + 1);
	assert_non_null(text);
	dup2(real, STDERR_FILENO);
	close(real);
	real = -1;
	rewind(file);
	*len = fread(text, 1, (size_t)st.st_size, file);
	text[*len] = '\0';
	fclose(file);
	return text;
}
