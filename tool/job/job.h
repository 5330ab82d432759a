/*
 * A job: a predefined inventory of cards from the data-preparation system, JSON with a detached CMS
 * signature (RFC 5652) beside it as FILE.cms.
 */
#ifndef JOB_JOB_H
#define JOB_JOB_H

#include "core/err.h"
#include "core/file.h"
#include "core/signer.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { JOB_TEXT = 64, JOB_EXTENDED = 64, JOB_KEYS = 192, JOB_SIGNER = 128 };

struct job_card {
	char number[21];    /* 20 decimal digits */
	char valid_from[9]; /* YYYYMMDD */
	char valid_to[9];
	char extended[2 * JOB_EXTENDED + 1]; /* hex TLV, may be "" */
	char keys[JOB_KEYS]; /* {"34", "3E", "3F"}: hex, wrapped; "" if diversified */
};

struct job {
	char name[JOB_TEXT];
	char product[JOB_TEXT];
	char key_set[32];
	char station[SIGNER_NAME]; /* the one station that may issue these cards */
	char allotment[32];	   /* "2 of 4" */
	char digest[DIGEST_TEXT];  /* of the file */
	json_t *terms; /* what a worker needs of it: issuer, counters, payment, key set */
	size_t card_n;
	struct job_card *cards;

	/* job_open() only: who signed it */
	char signer[JOB_SIGNER];
	bool production; /* else LAB: the signer's certificate says so */
};

/* Checks the text of a job file, without its signature. E_CONFIG names file and line or record. */
int job_parse(const char *path, const char *text, size_t length, struct job *job, struct err *err);

/*
 * Reads a job file whose signature a trusted certificate (PEM file `trust`) bears out, for this
 * station. E_CONFIG: unsigned, altered, malformed, or another station's.
 */
int job_open(
	const char *path, const char *trust, const char *station, struct job *job, struct err *err);
void job_finish(struct job *job);

#endif
