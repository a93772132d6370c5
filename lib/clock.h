#ifndef CLOCK_H
#define CLOCK_H

#include <stdint.h>

/*
 * Milliseconds that only go forward and, unlike uv_now(), also count while the
 * machine is suspended and while this process is stopped: what is measured
 * ages meanwhile.
 */
uint64_t clock_now_ms(void);

#endif
