/* Labels of units, as a scanner types them: LABEL, or SLOT:LABEL for one slot. */
#ifndef PLAN_LABELS_H
#define PLAN_LABELS_H

#include "core/err.h"

enum { LABEL_TEXT = 17 };

/* What is wrong with a label (a sentence), or NULL: 1 to 16 letters, digits and '-'. */
const char *label_wrong(const char *label);

/* Splits what was scanned: *slot is 0 if none is named, *label points into text. E_CONFIG with a
 * sentence if it is malformed. */
int label_read(const char *text, unsigned *slot, const char **label, struct err *err);

#endif
