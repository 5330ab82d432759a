/* BLE headsets: GATT over BlueZ, paired and encrypted (HP-1, Carriers). */
#ifndef LINK_BLE_H
#define LINK_BLE_H

#include "link/link.h"

extern const struct link_driver link_ble;

#endif
