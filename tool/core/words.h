/*
 * Words that a person reads. N_() marks them where they are written down; the screen, which knows
 * the language, looks them up in its catalogue (tool/screen/po). Everything else prints them as
 * they are.
 */
#ifndef CORE_WORDS_H
#define CORE_WORDS_H

#define N_(text) text

#endif
