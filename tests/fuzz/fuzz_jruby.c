/* The figures of its JRubies, as Puppet Server's status page has them. */
#include "fuzz.h"

#include "jruby.h"
#include "puppet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *text = fuzz_text(data, len);
	struct jruby j, before;

	memset(&j, 0x5a, sizeof(j));
	before = j;
	if (jruby_read(&j, text, len) != 0)
		assert(memcmp(&j, &before, sizeof(j)) == 0);
	for (int code = 200; code < 600; code += 1 + code % 97) {
		puppet_outcome(PUPPET_SIMPLE, code, text, len);
		puppet_outcome(PUPPET_LEGACY, code, text, len);
	}
	free(text);
	return 0;
}
