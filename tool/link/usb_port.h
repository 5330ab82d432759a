/* USB ports of this host and what is in them: sysfs for looking, libusb for opening. */
#ifndef LINK_USB_PORT_H
#define LINK_USB_PORT_H

#include "link/link.h"

#include <libusb.h>

/* What is at a port ("1-1.4"), as the kernel enumerated it. */
struct usb_seen {
	unsigned vendor, product;
	char serial[64]; /* "" if it has none */
	char node[32];	 /* /dev/bus/usb/BUS/DEVICE */
};

/* 1: there is a device, 0: none. */
int usb_port_look(const char *port, struct usb_seen *seen);

/* 0 if the text is a port path, "1-1.4", else E_CONFIG. */
int usb_port_check(const char *port, struct err *err);

/* True if a hub of this host has such a port, whether anything is in it or not. */
bool usb_port_exists(const char *port);

/*
 * Opens the device at the port, which must be vendor:product, in a new context. LINK_ABSENT: it is
 * not there (yet). LINK_FORBIDDEN: this user may not. E_CONFIG for a malformed port.
 */
int usb_port_open(const char *port, unsigned vendor, unsigned product, libusb_context **context,
	libusb_device_handle **handle, struct err *err);

/* libusb's error as a link fault; `what` was being done. Returns E_REFUSED. */
int usb_fail(struct err *err, int libusb, const char *what);

#endif
