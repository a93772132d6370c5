#include "order.h"

#include "text.h"

const char *order_name(enum order_kind kind)
{
	static const char *const names[] = {
		[ORDER_NONE] = "none",
		[ORDER_DRAIN] = "drain",
		[ORDER_MAINT] = "maint",
		[ORDER_DOWN] = "down",
		[ORDER_UP] = "up",
		[ORDER_WEIGHT] = "weight",
		[ORDER_CANARY] = "canary",
		[ORDER_HOLD] = "hold",
	};

	return names[kind];
}

size_t order_describe(char *dst, size_t cap, const struct order *o)
{
	return text_format(dst, cap, "%s by %s%s%s", order_name(o->kind),
		o->who, o->why[0] != '\0' ? ": " : "", o->why);
}
