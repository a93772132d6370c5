#include "certfiles.h"

#include <stdbool.h>
#include <string.h>

#include "log.h"

int certfiles_same(const struct config_server *a, const struct config_server *b)
{
	return strcmp(a->ca_file, b->ca_file) == 0 &&
		strcmp(a->crl_file, b->crl_file) == 0 &&
		strcmp(a->cert_file, b->cert_file) == 0 &&
		strcmp(a->key_file, b->key_file) == 0;
}

int certfiles_open(struct trust **out, uv_loop_t *loop,
	const struct config_server *config, trust_cb cb, void *arg)
{
	bool pair = *config->cert_file != '\0';
	bool crl = strcmp(config->crl_file, "none") != 0;
	struct trust_options o = {
		.files = { .ca = config->ca_file,
			.crl = crl ? config->crl_file : NULL,
			.cert = pair ? config->cert_file : NULL,
			.key = pair ? config->key_file : NULL },
		.cb = cb,
		.arg = arg
	};

	if (!crl)
		log_warn("trust server=%s text=\"crl-file = none: a revoked "
			 "certificate is not noticed\"",
			config->name);
	return trust_open(out, loop, &o);
}

void certfiles_log(const struct config_server *config, enum trust_event event,
	const struct tlsconf_report *report)
{
	switch (event) {
	case TRUST_LOADED:
		log_info("trust text=\"files are in use\" ca=%s crl=%s",
			config->ca_file, config->crl_file);
		for (size_t i = 0; i < report->n_notes; i++)
			log_warn("trust text=\"%s\"", report->notes[i]);
		break;
	case TRUST_KEPT:
		log_error("trust text=\"%s\" detail=\"the files read before "
			  "stay in use\"",
			report->error);
		break;
	case TRUST_WAITING:
		log_warn("trust text=\"%s\" detail=\"no verdict before it can "
			 "be read; looking again every second\"",
			report->error);
		break;
	}
}
