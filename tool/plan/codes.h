/*
 * The verdict codes: stable, short, each with its verdict, its cause and what to do, in one table.
 * Source: the fault catalogue that the virtual bench injects from; a fault has exactly one code.
 */
#ifndef PLAN_CODES_H
#define PLAN_CODES_H

#include "plan/verdict.h"

#include <stddef.h>

struct code {
	const char *code;
	enum verdict verdict;
	const char *cause;  /* plain words for the operator */
	const char *action; /* what to do with the unit or the station */
};

const struct code *code_find(const char *code); /* NULL if there is no such code */
const struct code *code_table(size_t *n);

#endif
