/*
 * Link "usb": a headset with CCID and HID interfaces at a port of this host, by libusb.
 *
 * Found by port path and VID:PID, opened with a context of its own each time: after "gone" nothing
 * is left of the one before.
 */
#ifndef LINK_USB_H
#define LINK_USB_H

#include "link/link.h"

extern const struct link_driver link_usb;

#endif
