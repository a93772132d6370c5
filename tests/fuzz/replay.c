/*
 * In place of libFuzzer: gives each file of the folders named to the target.
 * A folder without a file is an error: then nothing was tried.  One that takes
 * a minute hangs.
 */
#include "fuzz.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

enum { INPUT_MAX = 1 << 20, LIMIT_S = 60 };

static const char *playing;

static void on_alarm(int number)
{
	static const char hangs[] = ": hangs\n";

	(void)number;
	if (write(STDERR_FILENO, playing, strlen(playing)) > 0 &&
		write(STDERR_FILENO, hangs, strlen(hangs)) > 0)
		_exit(1);
	_exit(2);
}

static void play(const char *path)
{
	FILE *f = fopen(path, "rb");
	uint8_t *data = malloc(INPUT_MAX + 1);
	size_t len;

	assert(f != NULL && data != NULL);
	len = fread(data, 1, INPUT_MAX + 1, f);
	assert(!ferror(f) && len <= INPUT_MAX);
	fclose(f);
	playing = path;
	alarm(LIMIT_S);
	LLVMFuzzerTestOneInput(data, len);
	alarm(0);
	free(data);
}

static int play_all(const char *folder)
{
	struct dirent *entry;
	char path[4096];
	DIR *d = opendir(folder);
	int n = 0;

	if (d == NULL)
		return 0;
	while ((entry = readdir(d)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		play(path);
		n++;
	}
	closedir(d);
	return n;
}

int main(int argc, char **argv)
{
	signal(SIGALRM, on_alarm);
	for (int i = 1; i < argc; i++) {
		int n = play_all(argv[i]);

		printf("  FUZZ    %s (%d)\n", argv[i], n);
		if (n == 0)
			return 1;
	}
	return argc < 2;
}
