/* What BlueZ says of its objects: D-Bus dictionaries into plain fields. */
#ifndef LINK_BLUEZ_PROPS_H
#define LINK_BLUEZ_PROPS_H

#include <stdint.h>
#include <systemd/sd-bus.h>

#define BLUEZ_ADAPTER	     "org.bluez.Adapter1"
#define BLUEZ_DEVICE	     "org.bluez.Device1"
#define BLUEZ_CHARACTERISTIC "org.bluez.GattCharacteristic1"

/* Texts live as long as the message. */
struct bluez_props {
	const char *address, *alias, *name, *uuid; /* NULL: not told */
	const int16_t *rssi;			   /* likewise */
	int connected, paired, powered, resolved;  /* -1: not told */
	int16_t rssi_value;
};

/* Reads one a{sv}. Negative errno for a message that is malformed. */
int bluez_props_read(sd_bus_message *m, struct bluez_props *p);

/* Calls for each interface of one a{sa{sv}}, and of all objects of one a{oa{sa{sv}}}. */
typedef void (*bluez_object)(
	void *arg, const char *path, const char *interface, const struct bluez_props *p);
int bluez_props_object(sd_bus_message *m, const char *path, bluez_object visit, void *arg);
int bluez_props_objects(sd_bus_message *m, bluez_object visit, void *arg);

#endif
