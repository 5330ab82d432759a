/*
 * Verdicts, measurements and limits: plain data and the one function that judges a value.
 *
 * The zero of each enum is "none", never a pass: what was not judged did not pass.
 */
#ifndef PLAN_VERDICT_H
#define PLAN_VERDICT_H

#include <stddef.h>

enum verdict {
	VERDICT_NONE,
	VERDICT_PASS,
	VERDICT_FAIL,  /* the unit */
	VERDICT_ERROR, /* station, jig, reader or phone: the unit is not blamed */
	VERDICT_ABORT, /* the operator */
};

const char *verdict_word(enum verdict v);	  /* "PASS", ...; "NONE" for none */
enum verdict verdict_from_word(const char *word); /* VERDICT_NONE for anything else */

enum { LIMIT_NAME = 32, LIMIT_UNIT = 8 };

struct limit {
	char name[LIMIT_NAME];
	char unit[LIMIT_UNIT];
	double low, high;
	/* A passing value this close to low or high is marginal; 0: no band. A low of 0 is where
	 * the quantity ends, not where it gets bad: it has no band. */
	double marginal;
};

enum judgement {
	JUDGED_NONE,
	JUDGED_PASS,
	JUDGED_MARGINAL, /* passes, with a mark */
	JUDGED_FAIL,
};

const char *judgement_word(enum judgement j);

/* NaN and whatever else is not between low and high fails. */
enum judgement limit_judge(const struct limit *limit, double value);

#endif
