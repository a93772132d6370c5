#ifndef HTTP_CASES_H
#define HTTP_CASES_H

#include <stddef.h>

#include "http_feed.h"

/* Responses for test_http.c, a row each. */

#define IN(text) (text), sizeof(text) - 1

/* How a good response ends. */
enum ending {
	KEEP,  /* by its length; the connection may be used again */
	CLOSE, /* by its length; the connection may not */
	END,   /* with the connection */
};

static const struct good {
	enum ending ending;
	int code;
	const char *body;
	const char *in;
	size_t len;
} good[] = {
	/* the status line */
	{ KEEP, 200, "", IN("HTTP/1.1 200 \r\n" LEN("0") CRLF) },
	{ KEEP, 999, "", IN("HTTP/1.1 999 a b\tc\xe9\r\n" LEN("0") CRLF) },
	{ KEEP, 503, "no", IN("HTTP/1.9 503 x\r\n" LEN("2") CRLF "no") },
	/* framings */
	{ KEEP, 200, "running", IN(H LEN("7") CRLF "running") },
	{ KEEP, 200, "a\r\n\n", IN(H "CONTENT-length:4 \t\r\n\r\na\r\n\n") },
	{ KEEP, 200, "ab", IN(H LEN("0000000000000000002") CRLF "ab") },
	{ END, 200, "", IN(H CRLF) },
	{ END, 200, "up", IN(H CRLF "up") },
	{ END, 200, "up", IN(H10 CONN("keep-alive") CRLF "up") },
	{ END, 200, "0123456789abcdef", IN(H CRLF "0123456789abcdef") },
	{ KEEP, 200, "", IN(CHUNKED "0\r\n\r\n") },
	{ KEEP, 200, "up", IN(H TE("CHunked") CRLF "2\r\nup\r\n0\r\n\r\n") },
	{ KEEP, 200, "upper", IN(CHUNKED "2\r\nup\r\n3\r\nper\r\n0\r\n\r\n") },
	{ KEEP, 200, "0123456789", IN(CHUNKED "A\r\n0123456789\r\n0\r\n\r\n") },
	{ KEEP, 200, "0123456789",
		IN(CHUNKED "0a\r\n0123456789\r\n00\r\n\r\n") },
	{ KEEP, 200, "\r\n", IN(CHUNKED "2\r\n\r\n\r\n0\r\n\r\n") },
	{ KEEP, 200, "up", IN(CHUNKED "2;a=b;c=\"d\"\r\nup\r\n0 ;e\r\n\r\n") },
	{ KEEP, 200, "", IN(CHUNKED "0\r\nA: b\r\n" LEN("9") "C:\r\n\r\n") },
	/* no body, whatever the headers say */
	{ KEEP, 204, "", IN("HTTP/1.1 204 x\r\n\r\n") },
	{ KEEP, 304, "", IN("HTTP/1.1 304 x\r\n" LEN("99999") CRLF) },
	{ CLOSE, 204, "", IN("HTTP/1.1 204 x\r\n" CONN("close") CRLF) },
	/* may it be used again? */
	{ CLOSE, 200, "", IN(H LEN("0") CONN("close") CRLF) },
	{ CLOSE, 200, "", IN(H LEN("0") CONN("x , CLOSE,\ty") CRLF) },
	{ CLOSE, 200, "",
		IN(H LEN("0") CONN("close") CONN("keep-alive") CRLF) },
	{ KEEP, 200, "", IN(H LEN("0") CONN("closed, clos, x-close") CRLF) },
	{ KEEP, 200, "", IN(H LEN("0") CONN(" ,, ") CRLF) },
	{ CLOSE, 200, "", IN(H10 LEN("0") CRLF) },
	{ KEEP, 200, "", IN(H10 LEN("0") CONN("Keep-Alive") CRLF) },
	{ CLOSE, 200, "", IN(H10 LEN("0") CONN("keep-alive, close") CRLF) },
	/* headers */
	{ KEEP, 200, "",
		IN(H "!#$%&'*+-.^_`|~09azAZ: a:b\x80\xff\r\n" LEN("0") CRLF) },
	{ KEEP, 200, "", IN(H "A:\r\nA: \t \r\nA: x\ty\r\n" LEN("0") CRLF) },
	/* interim responses leave nothing behind */
	{ KEEP, 200, "", IN("HTTP/1.1 100 x\r\n\r\n" H LEN("0") CRLF) },
	{ END, 200, "up", IN("HTTP/1.1 199 x\r\n" LEN("9") CRLF H CRLF "up") },
	{ KEEP, 204, "",
		IN("HTTP/1.1 103 x\r\nA: b\r\n" CONN("close") TE("chunked") CRLF
			"HTTP/1.1 204 x\r\n\r\n") },
};

#define NO_STATUS "no HTTP/1.x status line"

/* Refused with the last byte of `in`, and not before. */
static const struct bad {
	const char *error;
	const char *in;
	size_t len;
} bad[] = {
	{ "bare LF", IN("HTTP/1.1 200 OK\n") },
	{ "bare LF", IN(H "A: b\n") },
	{ "bare LF", IN(H "\n") },
	{ "bare LF", IN(CHUNKED "0\n") },
	{ "bare LF", IN(CHUNKED "0\r\n\n") },
	{ "bare CR", IN("HTTP/1.1 200 O\rK") },
	{ "bare CR", IN(H "A: b\r\r") },
	{ "bare CR", IN(H "\rA") },
	{ "bare CR", IN(CHUNKED "2\ru") },
	{ "control byte in the head", IN("HTTP/1.1 200 O\0") },
	{ "control byte in the head", IN(H "A: \0") },
	{ "control byte in the head", IN(H "A\x01") },
	{ "control byte in the head", IN(H "A: \x1b") },
	{ "control byte in the head", IN(H "A: \x7f") },
	{ "control byte in the head", IN(CHUNKED "2;\v") },
	{ "folded header line", IN(H " A: b\r\n") },
	{ "folded header line", IN(H "A: b\r\n\tc\r\n") },
	{ "folded header line", IN(CHUNKED "0\r\nA: b\r\n c\r\n") },
	{ "empty header name", IN(H ": b\r\n") },
	{ "blank in or after a header name", IN(H "A : b\r\n") },
	{ "blank in or after a header name", IN(H "A\t: b\r\n") },
	{ "blank in or after a header name", IN(H "A b: c\r\n") },
	{ "blank in or after a header name", IN(CHUNKED "0\r\nA : b\r\n") },
	{ "bad byte in a header name", IN(H "A\xe9: b\r\n") },
	{ "bad byte in a header name", IN(H "A(b): c\r\n") },
	{ "bad byte in a header name", IN(H "\"A\": c\r\n") },
	{ "header line without a colon", IN(H "Content-Length\r\n") },
	{ "two Content-Length headers", IN(H LEN("5") LEN("6")) },
	{ "two Content-Length headers", IN(H LEN("5") LEN("5")) },
	{ "Content-Length is not a number", IN(H LEN("5, 5")) },
	{ "Content-Length is not a number", IN(H LEN("")) },
	{ "Content-Length is not a number", IN(H LEN("+5")) },
	{ "Content-Length is not a number", IN(H LEN("-5")) },
	{ "Content-Length is not a number", IN(H LEN("0x5")) },
	{ "Content-Length is not a number", IN(H LEN("5a")) },
	{ "Content-Length is not a number", IN(H LEN("5 5")) },
	{ "Content-Length is not a number", IN(H LEN("5.0")) },
	{ "Content-Length has too many digits",
		IN(H LEN("18446744073709551621")) },
	{ "both Content-Length and Transfer-Encoding",
		IN(H LEN("5") TE("chunked")) },
	{ "both Content-Length and Transfer-Encoding",
		IN(H TE("chunked") LEN("5")) },
	{ "two Transfer-Encoding headers", IN(H TE("chunked") TE("chunked")) },
	{ "unknown transfer coding", IN(H TE("gzip, chunked")) },
	{ "unknown transfer coding", IN(H TE("identity")) },
	{ "unknown transfer coding", IN(H TE("xchunked")) },
	{ "unknown transfer coding", IN(H TE("chunked;a=b")) },
	{ "unknown transfer coding", IN(H TE("")) },
	{ "Transfer-Encoding in HTTP/1.0", IN(H10 TE("chunked")) },
	{ "chunk size is not a number", IN(CHUNKED "\r\n") },
	{ "chunk size is not a number", IN(CHUNKED "x\r\n") },
	{ "chunk size is not a number", IN(CHUNKED "0x2\r\n") },
	{ "chunk size is not a number", IN(CHUNKED "-2\r\n") },
	{ "chunk size is not a number", IN(CHUNKED " 2\r\n") },
	{ "chunk size is not a number", IN(CHUNKED "2 \r\n") },
	{ "chunk size is not a number", IN(CHUNKED "2 2\r\n") },
	{ "chunk size is not a number", IN(CHUNKED ";a=b\r\n") },
	{ "chunk size has too many digits",
		IN(CHUNKED "10000000000000002\r\n") },
	{ "no CRLF after a chunk", IN(CHUNKED "2\r\nupp") },
	{ "no CRLF after a chunk", IN(CHUNKED "2\r\nup\n") },
	{ "no CRLF after a chunk", IN(CHUNKED "2\r\nup\r0") },
	{ "body over the limit", IN(CHUNKED "ffffffffffffffff\r\n") },
	{ "body over the limit", IN(CHUNKED "1\r\na\r\nffffffffffffffff\r\n") },
	{ "body over the limit", IN(H LEN("9999999999999999999") CRLF) },
	{ "body over the limit", IN(CHUNKED "1\r\na\r\n10\r\n") },
	{ "protocol switched unasked", IN("HTTP/1.1 101 x\r\n") },
	{ "two Content-Length headers",
		IN("HTTP/1.1 100 x\r\n" LEN("0") LEN("0")) },
	/* another protocol ends with the first byte that is none of ours */
	{ NO_STATUS, IN("P") /* PRI * HTTP/2.0 */ },
	{ NO_STATUS, IN("HTTP/2") },
	{ NO_STATUS, IN("r") /* HTTP/0.9: running */ },
	{ NO_STATUS, IN("<") /* HTTP/0.9: <html> */ },
	{ NO_STATUS, IN("\x15") /* a TLS alert */ },
	{ NO_STATUS, IN("\0") /* HTTP/2 SETTINGS */ },
	{ NO_STATUS, IN("\r") },
	{ NO_STATUS, IN("h") },
	{ NO_STATUS, IN("HTTP/1.x") },
	{ NO_STATUS, IN("HTTP/1.10") },
	{ NO_STATUS, IN("HTTP/1.1\t") },
	{ NO_STATUS, IN("HTTP/1.1  ") },
	{ NO_STATUS, IN("HTTP/1.1 0") },
	{ NO_STATUS, IN("HTTP/1.1 20x") },
	{ NO_STATUS, IN("HTTP/1.1 20 ") },
	{ NO_STATUS, IN("HTTP/1.1 2000") },
	{ NO_STATUS, IN("HTTP/1.1 200\r") },
	{ NO_STATUS, IN("HTTP/1.1 100 x\r\n\r\nH2") },
};

#endif
