#include "cause.h"

#include <uv.h>

enum outcome cause_of_uv(int error)
{
	switch (error) {
	case UV_ECONNREFUSED:
		return OUTCOME_REFUSED;
	case UV_ETIMEDOUT:
		return OUTCOME_TIMEOUT;
	case UV_ECONNRESET:
	case UV_EPIPE:
	case UV_EOF:
		return OUTCOME_RESET;
	case UV_EAGAIN:
	case UV_EMFILE:
	case UV_ENFILE:
	case UV_ENOMEM:
	case UV_ENOBUFS:
	case UV_EADDRNOTAVAIL:
		return OUTCOME_INTERNAL;
	default:
		return OUTCOME_UNREACHABLE;
	}
}

enum outcome cause_of_look_up(int error)
{
	if (error == UV_EAI_MEMORY || cause_of_uv(error) == OUTCOME_INTERNAL)
		return OUTCOME_INTERNAL;
	return OUTCOME_DNS;
}

enum outcome cause_of_fault(enum tls_fault fault)
{
	static const enum outcome outcomes[] = {
		[TLS_FAULT_NONE] = OUTCOME_TLS,
		[TLS_FAULT_PROTO] = OUTCOME_TLS,
		[TLS_FAULT_CUT] = OUTCOME_RESET,
		[TLS_FAULT_CERT] = OUTCOME_CERT,
		[TLS_FAULT_EXPIRED] = OUTCOME_EXPIRED,
		[TLS_FAULT_REVOKED] = OUTCOME_REVOKED,
		[TLS_FAULT_NAME] = OUTCOME_NAME,
		[TLS_FAULT_CRL] = OUTCOME_CRL,
		[TLS_FAULT_MEMORY] = OUTCOME_INTERNAL,
	};

	return outcomes[fault];
}
