/*
 * A request over HTTP: it means the same however it comes in pieces.  What is
 * good or bad so far stays so.
 */
#include "fuzz.h"

#include "httpreq.h"

enum { SWEPT = 1024 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct httpreq whole, part;
	enum httpreq_status end =
		httpreq_parse(&whole, (const char *)data, len);
	size_t n = 0;

	if (end == HTTPREQ_DONE)
		assert(strlen(whole.path) <= HTTPREQ_TARGET_MAX);
	if (end == HTTPREQ_BAD)
		assert(whole.code >= 400 && whole.code <= 505);
	if (len > SWEPT)
		return 0;
	while (n < len &&
		httpreq_parse(&part, (const char *)data, n) == HTTPREQ_MORE)
		n++;
	assert(httpreq_parse(&part, (const char *)data, n) == end);
	if (end == HTTPREQ_DONE)
		assert(strcmp(part.path, whole.path) == 0 &&
			part.method == whole.method);
	return 0;
}
