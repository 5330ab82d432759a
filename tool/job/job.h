/*
 * A job: a predefined inventory of cards from the data-preparation system, read from JSON.
 */
#ifndef JOB_JOB_H
#define JOB_JOB_H

#include "core/err.h"
#include "core/file.h"

#include <jansson.h>
#include <stdint.h>

enum { JOB_TEXT = 64, JOB_EXTENDED = 64 };

struct job_card {
	char number[21];    /* 20 decimal digits */
	char valid_from[9]; /* YYYYMMDD */
	char valid_to[9];
	char extended[2 * JOB_EXTENDED + 1]; /* hex TLV, may be "" */
};

struct job {
	char name[JOB_TEXT];
	char product[JOB_TEXT];
	char key_set[32];
	char digest[DIGEST_TEXT]; /* of the file */
	json_t *terms;		  /* what a worker needs of it: issuer, counters, payment */
	size_t card_n;
	struct job_card *cards;
};

/* Reads and checks a whole job file: E_CONFIG names the file and the line or the record. */
int job_read(const char *path, struct job *job, struct err *err);
void job_finish(struct job *job);

/* A card number as people may see it: first 6 and last 4 digits. */
void job_mask(const char *number, char out[24]);

#endif
