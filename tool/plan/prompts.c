#include "plan/prompts.h"
#include "core/words.h"

#include <string.h>

/* Alphabetical. The answers of `led` are the colours that a plan may name. */
static const struct prompt prompts[] = {
	{"keys", N_("Press every key of the headset once, then say so."),
		{N_("pressed"), N_("a key does not move")}},
	{"led", N_("Which colour is the light of the headset?"),
		{N_("red"), N_("green"), N_("blue"), N_("dark")}},
	{"phone", N_("Connect the golden phone to the headset, put it on the reader, then say so."),
		{N_("it is there"), N_("it does not connect")}},
	{"plug", N_("Pull the plug, put it in again, then say so."),
		{N_("it is in"), N_("it does not fit")}},
};

const struct prompt *prompt_find(const char *name)
{
	for (size_t i = 0; i < sizeof(prompts) / sizeof(prompts[0]); i++)
		if (!strcmp(prompts[i].name, name))
			return &prompts[i];
	return NULL;
}

const struct prompt *prompt_table(size_t *n)
{
	*n = sizeof(prompts) / sizeof(prompts[0]);
	return prompts;
}

int prompt_has(const struct prompt *prompt, const char *answer)
{
	for (size_t i = 0; i < PROMPT_ANSWERS && prompt->answers[i]; i++)
		if (!strcmp(prompt->answers[i], answer))
			return 1;
	return 0;
}
