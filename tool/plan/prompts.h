/*
 * What a step may ask the operator: plain data. A prompt's picture is the screen's, by its name.
 */
#ifndef PLAN_PROMPTS_H
#define PLAN_PROMPTS_H

#include <stddef.h>

enum { PROMPT_ANSWERS = 5 };

struct prompt {
	const char *name;
	const char *text;		     /* one sentence */
	const char *answers[PROMPT_ANSWERS]; /* in the order of the keys F1, F2, ...; NULL ends */
};

const struct prompt *prompt_find(const char *name); /* NULL if there is none */
const struct prompt *prompt_table(size_t *n);

/* 1 if the prompt has this answer. */
int prompt_has(const struct prompt *prompt, const char *answer);

#endif
