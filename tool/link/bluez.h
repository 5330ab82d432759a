/*
 * BlueZ over D-Bus (its doc/device-api.txt and others), as one worker uses it: an adapter, the
 * devices that it sees, our own pairing agent. Nothing of another worker's is touched.
 *
 * Every call waits for its answer and takes in meanwhile what BlueZ tells of devices. A BlueZ that
 * went, or an adapter, is LINK_ADAPTER; then only bluez_close() is left.
 */
#ifndef LINK_BLUEZ_H
#define LINK_BLUEZ_H

#include "link/link.h"

enum { BLUEZ_PATH = 96, BLUEZ_NAME = 64 };

struct bluez;

struct bluez_device {
	char path[BLUEZ_PATH], address[LINK_ADDRESS], name[BLUEZ_NAME], alias[BLUEZ_NAME];
	int rssi;	  /* dBm, of when it was seen last */
	int64_t seen_us;  /* advertising, while we look; 0: not yet */
	int64_t first_us; /* ... for the first time since somebody set this to 0 */
	int64_t came_us;  /* likewise */
	bool before;	  /* the caller's: it was there before its headset was switched on */
	bool connected, paired, resolved;
	bool met; /* it was connected, since somebody set this to false */
};

/* The adapter is "hci0" or an address; it must be there and switched on. The agent gives `passkey`
 * (six digits), or agrees to Just Works if it is "". */
int bluez_open(struct bluez **out, const char *adapter, const char *passkey, struct err *err);
void bluez_close(struct bluez *b); /* takes NULL */

/* Waits until then at most for BlueZ to tell something, or for fd (-1: none) to be readable: 1. */
int bluez_run(struct bluez *b, int64_t until_ms, int fd, struct err *err);

/* After a failure: 0, or LINK_ADAPTER because it was BlueZ that went. */
int bluez_there(struct bluez *b, struct err *err);

/* Takes in what BlueZ has told until now. */
int bluez_catch_up(struct bluez *b, struct err *err);

/* Looks for devices whose name begins like this, or stops it. */
int bluez_look(struct bluez *b, bool on, const char *name, struct err *err);

/* Devices are borrowed, until the next call. By address NULL: there is none. */
struct bluez_device *bluez_device(struct bluez *b, const char *address);
struct bluez_device *bluez_devices(struct bluez *b, size_t *n);

/* One attempt. What the headset does is LINK_ABSENT (connect) and LINK_PAIR. */
int bluez_connect(struct bluez *b, const char *address, int64_t timeout_ms, struct err *err);
int bluez_pair(struct bluez *b, const char *address, int64_t timeout_ms, struct err *err);
int bluez_disconnect(struct bluez *b, const char *address, struct err *err);
/* With its bond; 0 also if it is unknown. */
int bluez_remove(struct bluez *b, const char *address, struct err *err);
/* What the device is called at the station from now on, restarts included. */
int bluez_alias(struct bluez *b, const char *address, const char *alias, struct err *err);

/* Paths of a connected device's characteristics, "" for those that it does not have. */
int bluez_characteristics(struct bluez *b, const char *address, const char *const *uuids, size_t n,
	char (*paths)[BLUEZ_PATH], struct err *err);
/* Value of a characteristic; *n in: room. */
int bluez_read(struct bluez *b, const char *path, uint8_t *bytes, size_t *n, struct err *err);
/* One write with response, of at most an ATT MTU less 3. */
int bluez_write(struct bluez *b, const char *path, const uint8_t *bytes, size_t n,
	int64_t timeout_ms, struct err *err);
/* Subscribes: each notification is one read of *fd (close it to end), which ends with the link. */
int bluez_notify(struct bluez *b, const char *path, int *fd, uint16_t *mtu, struct err *err);

/* Of this host, for the doctor: 1 and its state if BlueZ has the adapter, 0 if not. */
struct bluez_adapter {
	char name[16], address[LINK_ADDRESS];
	bool powered;
};
int bluez_look_up(const char *adapter, struct bluez_adapter *found, struct err *err);

#endif
