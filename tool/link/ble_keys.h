/* The keys of a BLE headset: notifications of its button events, each with the time it came. */
#ifndef LINK_BLE_KEYS_H
#define LINK_BLE_KEYS_H

#include "link/link.h"

struct ble_keys;

/* Begins to listen at the descriptor of a subscription, which is closed at the end in any case. */
int ble_keys_start(struct ble_keys **out, int fd, struct err *err);

/* At most *n events, oldest first; the usage is the key's letter. Negative after the link went. */
int ble_keys_take(struct ble_keys *keys, struct link_key *out, size_t *n, struct err *err);

/* Ends listening and frees; takes NULL. */
void ble_keys_stop(struct ble_keys *keys);

#endif
