/*
 * Labels of units, as a scanner types them: SERIAL, or SLOT:SERIAL for one slot; behind it may
 * stand the unit's Bluetooth address, SERIAL@C0FFEE000001.
 */
#ifndef PLAN_LABELS_H
#define PLAN_LABELS_H

#include "core/err.h"

enum { LABEL_TEXT = 17, LABEL_ADDRESS = 18 };

struct label {
	unsigned slot; /* 0: none is named */
	char serial[LABEL_TEXT];
	char address[LABEL_ADDRESS]; /* "C0:FF:EE:00:00:01"; "": none */
};

/* What is wrong with a label (a sentence), or NULL: 1 to 16 letters, digits and '-'. */
const char *label_wrong(const char *label);

/* Splits what was scanned. E_CONFIG with a sentence if it is malformed. */
int label_read(const char *text, struct label *label, struct err *err);

#endif
