#include "page.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <mbedtls/base64.h>
#include <mbedtls/md.h>

#include "html.h"
#include "page_style.h"
#include "paper.h"
#include "text.h"

enum {
	EVERY_S = 5,        /* between two looks of a browser */
	SERVERS_PER_S = 25, /* and one second more for so many */
	NAMED_MAX = 12,     /* of those that are not in service */
};

/* --- its policy --- */

static int add_hash(char *dst, size_t cap, const char *text)
{
	unsigned char hash[32];
	size_t len = 0;

	if (mbedtls_md(mbedtls_md_info_from_type(MBEDTLS_MD_SHA256),
		    (const unsigned char *)text, strlen(text), hash) != 0 ||
		mbedtls_base64_encode((unsigned char *)dst, cap, &len, hash,
			sizeof(hash)) != 0)
		return UV_EINVAL;
	return 0;
}

int page_policy(char dst[PAGE_POLICY_MAX])
{
	char style[64], script[64];

	if (add_hash(style, sizeof(style), page_style) != 0 ||
		add_hash(script, sizeof(script), page_script) != 0)
		return UV_EINVAL;
	text_format(dst, PAGE_POLICY_MAX,
		"default-src 'none'; style-src 'sha256-%s'; "
		"script-src 'sha256-%s'; connect-src 'self'; img-src data:; "
		"base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
		style, script);
	return 0;
}

/* --- the head of the page --- */

static int in_service(const struct report_server *s)
{
	return standing_in_service(&s->view, s->orders);
}

static size_t count_in_service(const struct report *r)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n; i++)
		n += (size_t)in_service(&r->servers[i]);
	return n;
}

static void write_title(FILE *out, const struct report *r)
{
	size_t n = count_in_service(r);

	fputs("<title>", out);
	if (r->n == 1)
		html_format(out, "%s: %s", r->servers[0].name,
			n > 0 ? "in service" : "out of service");
	else
		html_format(out, "usher: %zu of %zu in service", n, r->n);
	fputs("</title>\n", out);
}

static void write_head(FILE *out, const struct report *r)
{
	fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
	      "<meta charset=\"utf-8\">\n"
	      "<meta name=\"viewport\" "
	      "content=\"width=device-width, initial-scale=1\">\n",
		out);
	write_title(out, r);
	fputs("<link rel=\"icon\" href=\"", out);
	html_text(out, page_icon);
	fputs("\">\n<noscript><meta http-equiv=\"refresh\" content=\"5\">"
	      "</noscript>\n<style>",
		out);
	fputs(page_style, out);
	fputs("</style>\n</head>\n<body>\n<div class=\"stale\" hidden><p>"
	      "<b>usherd does not answer.</b> What stands here may be old."
	      "</p></div>\n",
		out);
}

/* "2 not: puppet3, puppet7", each of them a link. */
static void write_absent(FILE *out, const struct report *r, size_t n)
{
	size_t named = 0;

	fprintf(out, "; %zu not: ", n);
	for (size_t i = 0; i < r->n && named < NAMED_MAX; i++) {
		const char *name = r->servers[i].name;

		if (in_service(&r->servers[i]))
			continue;
		fprintf(out, "%s<a href=\"#", named > 0 ? ", " : "");
		html_text(out, name);
		fputs("\">", out);
		html_text(out, name);
		fputs("</a>", out);
		named++;
	}
	if (named < n)
		fprintf(out, " and %zu more", n - named);
}

static void write_time(FILE *out, int64_t now_s)
{
	char text[32] = "";
	time_t t = now_s;
	struct tm tm;

	if (gmtime_r(&t, &tm) != NULL)
		strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S UTC", &tm);
	fprintf(out, "</span> <span class=\"time\">%s</span>", text);
}

static void write_summary(FILE *out, const struct report *r)
{
	size_t n = count_in_service(r);

	fputs("<h1>Puppet Servers</h1>\n<p class=\"sum\"><span>", out);
	if (r->n == 1)
		fputs(n > 0 ? "In service" : "Out of service", out);
	else
		fprintf(out, "%zu of %zu in service", n, r->n);
	if (r->n > 1 && n < r->n)
		write_absent(out, r, r->n - n);
	write_time(out, r->now.s);
	fputs("</p>\n", out);
}

static void write_notes(FILE *out, const struct report *r)
{
	if (*r->problem != '\0') {
		fputs("<p class=\"note\">", out);
		html_text(out, r->problem);
		fputs("</p>\n", out);
	}
	if (r->refused > 0) {
		fputs("<p class=\"note\">", out);
		html_format(out,
			"%llu polls refused from outside allow, the last from "
			"%s",
			(unsigned long long)r->refused, r->refused_last);
		fputs("</p>\n", out);
	}
}

static void write_foot(FILE *out)
{
	fputs("</main>\n<footer>", out);
	html_text(out, "usherd " VERSION);
	fputs(" &middot; <a href=\"/status\">status</a> &middot; "
	      "<a href=\"/metrics\">metrics</a></footer>\n<script>",
		out);
	fputs(page_script, out);
	fputs("</script>\n</body>\n</html>\n", out);
}

char *page_render(const struct report *r)
{
	struct paper p;

	if (paper_open(&p, 0) != 0)
		return NULL;
	write_head(p.out, r);
	fprintf(p.out, "<main data-every=\"%zu\"%s>\n",
		EVERY_S + r->n / SERVERS_PER_S,
		r->n == 1 ? " class=\"one\"" : "");
	write_summary(p.out, r);
	write_notes(p.out, r);
	fputs("<div class=\"all\">\n", p.out);
	for (size_t i = 0; i < r->n; i++)
		page_server(p.out, r, &r->servers[i]);
	fputs("</div>\n", p.out);
	write_foot(p.out);
	return paper_close(&p);
}
