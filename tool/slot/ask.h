/* Asking the operator, for the steps that need an answer. */
#ifndef SLOT_ASK_H
#define SLOT_ASK_H

#include "slot/unit.h"

/* The answer to a prompt of plan/prompts.c, which goes into the step's note with who gave it. 0, or
 * negative after a finding. */
int ask_operator(struct unit *u, const char *prompt, char answer[UNIT_TEXT]);

#endif
