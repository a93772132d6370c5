#ifndef STATEFILE_CASES_H
#define STATEFILE_CASES_H

/* State files that usherd can't have written, and how to compose them. */

#define ORDER_WITH(kind, who, why, since, until, percent) \
	"{\"kind\":\"" kind "\",\"who\":" who ",\"why\":" why \
	",\"since\":" since ",\"until\":" until ",\"percent\":" percent "}"
#define ORDER(kind, percent) \
	ORDER_WITH(kind, "\"x\"", "\"\"", "1", "0", percent)
#define ORDER_AT(since, until) \
	ORDER_WITH("drain", "\"x\"", "\"\"", since, until, "0")
#define ORDER_OF(who, why) ORDER_WITH("drain", who, why, "1", "0", "0")
#define FILE_OF(slot, order) \
	"{\"version\":1,\"servers\":{\"good\":{\"state\":" ORDER( \
		"drain", "0") "},\"a\":{\"" slot "\":" order "}}}"

#define HOST "\"192.0.2.1\""
#define POLLER_OF(address, last, interval, longest, told, taken, sure) \
	FILE_OF("pollers", \
		"[{\"address\":" address ",\"last\":" last \
		",\"interval\":" interval ",\"longest\":" longest \
		",\"told\":" told ",\"taken\":" taken ",\"sure\":" sure "}]")
#define POLLER(address, last, interval, told, taken) \
	POLLER_OF(address, last, interval, "0", told, taken, "false")
#define POLLER_ENDING(longest, sure) \
	POLLER_OF(HOST, "0", "0", longest, "\"in\"", "true", sure)

#define CANARY_OF(percent, more) \
	FILE_OF("ceiling", \
		"{\"kind\":\"canary\",\"who\":\"x\",\"why\":\"\",\"since\":1," \
		"\"until\":0,\"percent\":" percent more "}")
#define STEPS(steps, step, every) \
	",\"steps\":" steps ",\"step\":" step ",\"every\":" every

static const char *const damaged[] = {
	CANARY_OF("5", ""),
	CANARY_OF("5", STEPS("[]", "0", "0")),
	CANARY_OF("5", STEPS("{}", "0", "0")),
	CANARY_OF("5", STEPS("5", "0", "0")),
	CANARY_OF("5", STEPS("[25,5]", "1", "0")),
	CANARY_OF("5", STEPS("[5,5]", "0", "0")),
	CANARY_OF("0", STEPS("[0,5]", "0", "0")),
	CANARY_OF("5", STEPS("[5,101]", "0", "0")),
	CANARY_OF("5", STEPS("[5,\"25\"]", "0", "0")),
	CANARY_OF("5", STEPS("[5,25]", "1", "0")),
	CANARY_OF("5", STEPS("[5,25]", "2", "0")),
	CANARY_OF("0", STEPS("[5,25]", "2", "0")),
	CANARY_OF("0", STEPS("[5,25]", "99999999", "0")),
	CANARY_OF("5", STEPS("[5,25]", "0", "315360001")),
	CANARY_OF("5", STEPS("[5,25]", "-1", "0")),
	CANARY_OF("5", STEPS("[5,25]", "0", "-1")),
	CANARY_OF("5", STEPS("[5,25]", "0", "1.5")),
	CANARY_OF("5", STEPS("[5,25]", "null", "0")),
	CANARY_OF("1", STEPS("[1,2,3,4,5,6,7,8,9]", "0", "0")),
	FILE_OF("ceiling",
		"{\"kind\":\"weight\",\"who\":\"x\",\"why\":\"\",\"since\":1,"
		"\"until\":0,\"percent\":5,\"steps\":[5]}"),
	FILE_OF("pollers", "{}"),
	FILE_OF("pollers", "[1]"),
	FILE_OF("pollers", "[{}]"),
	POLLER("1", "0", "0", "\"in\"", "true"),
	POLLER("\"x\"", "0", "0", "\"in\"", "true"),
	POLLER(HOST, "-1", "0", "\"in\"", "true"),
	POLLER(HOST, "0", "-1", "\"in\"", "true"),
	POLLER(HOST, "0", "600001", "\"in\"", "true"),
	POLLER(HOST, "0", "0", "1", "true"),
	POLLER(HOST, "0", "0", "\"in\"", "1"),
	FILE_OF("pollers", "null"),
	FILE_OF("pollers", "[null]"),
	FILE_OF("pollers", "[[]]"),
	POLLER("null", "0", "0", "\"in\"", "true"),
	POLLER("\"\"", "0", "0", "\"in\"", "true"),
	POLLER(HOST, "\"0\"", "0", "\"in\"", "true"),
	POLLER(HOST, "1.5", "0", "\"in\"", "true"),
	POLLER(HOST, "0", "\"0\"", "\"in\"", "true"),
	POLLER(HOST, "0", "1.5", "\"in\"", "true"),
	POLLER(HOST, "0", "0", "null", "true"),
	POLLER(HOST, "0", "0", "\"in\"", "null"),
	POLLER_ENDING("-1", "true"),
	POLLER_ENDING("600001", "true"),
	POLLER_ENDING("\"0\"", "true"),
	POLLER_ENDING("1.5", "true"),
	POLLER_ENDING("0", "0"),
	POLLER_ENDING("0", "true,\"more\":1"),
	FILE_OF("ended", "0"),
	FILE_OF("ended", "1.5"),
	FILE_OF("ended", "null"),
	FILE_OF("ended", "9223372036854775808"),
	FILE_OF("ended", "\"x\""),
	FILE_OF("ended", "-1"),
	"{\"version\":2,\"servers\":{}}",
	"{\"version\":1}",
	"{\"version\":1,\"servers\":[]}",
	"{\"version\":1,\"servers\":{},\"more\":1}",
	"[]",
	FILE_OF("state", ORDER("weight", "10")),
	FILE_OF("ceiling", ORDER("drain", "0")),
	FILE_OF("state", ORDER("none", "0")),
	FILE_OF("state", ORDER("drian", "0")),
	FILE_OF("ceiling", ORDER("weight", "101")),
	FILE_OF("ceiling", ORDER("weight", "-1")),
	FILE_OF("ceiling", ORDER("weight", "\"x\"")),
	FILE_OF("stat", ORDER("drain", "0")),
	FILE_OF("state", "{}"),
	FILE_OF("state", "1"),
	FILE_OF("state", "null"),
	FILE_OF("ceiling", ORDER("weight", "4294967306")),
	FILE_OF("ceiling", ORDER("weight", "1.5")),
	FILE_OF("state", ORDER_AT("-1", "0")),
	FILE_OF("state", ORDER_AT("-9223372036854775808", "0")),
	FILE_OF("state", ORDER_AT("9223372036854775808", "0")),
	FILE_OF("state", ORDER_AT("1", "-1")),
	FILE_OF("state", ORDER_OF("\"x\\u0000\"", "\"\"")),
	FILE_OF("state", ORDER_OF("\"\xff\"", "\"\"")),
	FILE_OF("state", ORDER_OF("1", "\"\"")),
	FILE_OF("state", ORDER_OF("\"x\"", "null")),
	"{\"version\":4294967297,\"servers\":{}}",
	"{\"version\":\"1\",\"servers\":{}}",
	"{\"version\":1,\"servers\":null}",
	"{\"version\":1,\"servers\":{\"a\":5}}",
	"{\"version\":1,\"servers\":{\"a\":[]}}",
	"{\"version\":1,\"servers\":{\"a\":{},\"a\":{}}}",
	"{\"version\":1,\"servers\":{}} {}",
	"{\"version\":1,\"servers\":{\"\xff\":5}}",
	"{\"version\":1,\"servers\":{\"\xc3\xa9\\u001b\\\"\":5}}",
	"",
	"null",
};

#endif
