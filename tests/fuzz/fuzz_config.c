/* usher.conf: a configuration, or at least one error with a text. */
#include "fuzz.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const struct puppetconf host;
	struct config_errors errors = { .n = 0 };
	struct config *config = NULL;
	int fd = memfd_create("usher.conf", 0), rc;
	char path[64];

	assert(fd >= 0 && write(fd, data, len) == (ssize_t)len);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	rc = config_load(&config, path, CONFIG_MUST_EXIST, &host, &errors);
	assert((rc == 0) == (config != NULL));
	assert((rc == 0) == (errors.n == 0));
	for (size_t i = 0; i < errors.n; i++)
		assert(errors.list[i].text != NULL &&
			*errors.list[i].text != '\0');
	if (rc == 0)
		assert(config->n_servers >= 1);
	config_free(config);
	config_errors_free(&errors);
	close(fd);
	return 0;
}
