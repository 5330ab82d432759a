/*
 * `payjig reader CONNSTRING`: the NFC reader as the payment terminal. Looks for a phone and
 * exchanges APDUs with it, as the worker says (messages: nfc_find, nfc_apdu), until that is gone.
 */
#ifndef LINK_NFC_READER_H
#define LINK_NFC_READER_H

#include "core/err.h"

/* What answers in the field, best first. */
enum nfc_target {
	NFC_NOTHING,
	NFC_PHONE,  /* ISO/IEC 14443-4, type A */
	NFC_TYPE_A, /* type A without ISO/IEC 14443-4 */
	NFC_TYPE_B,
	NFC_NO_READER, /* the reader itself does not answer */
};

/* What became of an exchange. */
enum nfc_fault {
	NFC_ANSWERED,
	NFC_SILENT, /* the reader is well, the phone does not answer in time */
	NFC_LOST,   /* the field was lost: the command may have run */
	NFC_WRONG,  /* an answer that is none */
	NFC_BROKEN, /* the reader itself fails */
};

/* 0 when the worker is gone, or negative. */
int nfc_reader_run(const char *connstring, struct err *err);

#endif
