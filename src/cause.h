#ifndef CAUSE_H
#define CAUSE_H

#include "outcome.h"
#include "tls.h"

/* What a failure on the way to a server says about it.  Pure. */

/* `error`: a UV_E* code of a connection. */
enum outcome cause_of_uv(int error);

/* Likewise, of a look-up.  What usherd itself lacks says nothing. */
enum outcome cause_of_look_up(int error);

/* After a TLS_FAIL. */
enum outcome cause_of_fault(enum tls_fault fault);

#endif
