/* Figures: each is measured by a command and appended to figures.tsv in the build folder. */
#ifndef TESTS_FIGURES_H
#define TESTS_FIGURES_H

/* Appends name, value, unit, command to $PAYJIG_FIGURES (nothing if it is not set). */
void figure(const char *name, double value, const char *unit, const char *command);

#endif
