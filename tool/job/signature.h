/*
 * The signature of a job: detached CMS (RFC 5652), as `openssl cms -sign -binary` makes it, in
 * FILE.cms beside the job's file (DER or PEM).
 *
 * What a job is for is the certificates' word: every one from the signer's to the trusted one names
 * the same organizational unit, LAB or PRODUCTION.
 */
#ifndef JOB_SIGNATURE_H
#define JOB_SIGNATURE_H

#include "job/job.h"

enum { JOB_FILE_MAX = 256 * 1024 * 1024 };

struct job_signature {
	char signer[JOB_SIGNER]; /* common name and serial number */
	bool production;
};

/* Checks the signature beside `path` over this text with the certificates in `trust` (PEM).
 * E_CONFIG says what is wrong with it. */
int signature_verify(const char *path, const char *text, size_t length, const char *trust,
	struct job_signature *signature, struct err *err);

/* Signs the text into PATH.cms with a certificate and its key (PEM files). E_CONFIG if they can't
 * be used or are not for LAB: production jobs are signed where their keys live. */
int signature_make_lab(const char *path, const char *text, size_t length, const char *certificate,
	const char *key, struct err *err);

#endif
