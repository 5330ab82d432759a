/*
 * The screen's languages: gettext's catalogues in po/. English is what the sources say.
 */
#ifndef SCREEN_WORDS_H
#define SCREEN_WORDS_H

#include "core/words.h"

#include <stddef.h>

/* The text in the language of now; the text itself where the catalogue has none. */
const char *words_get(const char *text);

#define _(text) words_get(text)

/* A sentence that may go on behind ": " with what no catalogue has: its beginning is translated.
 * Into out; returns out. */
const char *words_sentence(const char *text, char *out, size_t size);

/* Finds the catalogues in `folder`, and a locale in which wide characters work. 0, or -1 if the
 * machine has none. */
int words_open(const char *folder);

/* "en" or "zh_CN"; another one is "en". */
void words_use(const char *language);

/* What the environment (LC_ALL, LC_MESSAGES, LANG) wants. */
const char *words_wanted(void);

const char *words_now(void);
const char *words_next(void); /* the language after the one of now, as `l` goes through them */

#endif
