/*
 * `payjig relay CONNSTRING`: the phone's stand-in, an NFC chip in target mode. What a reader sends
 * goes to the worker (messages: relay_command), whose answer goes back, as the phone of the product
 * carries it to the headset.
 */
#ifndef LINK_NFC_RELAY_H
#define LINK_NFC_RELAY_H

#include "core/err.h"

/* 0 when the worker is gone, or negative. */
int nfc_relay_run(const char *connstring, struct err *err);

#endif
