"""Another program that holds a headset's CCID, as pcscd does: claims interface 4 of the device at PORT (real libusb),
then runs COMMAND and returns its status. hold_usb.py PORT COMMAND..."""
import ctypes
import os
import subprocess
import sys

usb = ctypes.CDLL("libusb-1.0.so.0")
usb.libusb_get_device_list.restype = ctypes.c_ssize_t


def main():
    bus, port = map(int, sys.argv[1].split("-"))
    deadline = 200
    while not os.path.exists("/sys/bus/usb/devices/%s/idVendor" % sys.argv[1]) and deadline:
        subprocess.run(["sleep", "0.05"])  # until the unit has started: there is no event to wait for under a mock
        deadline -= 1
    context = ctypes.c_void_p()
    assert usb.libusb_init(ctypes.byref(context)) == 0
    devices = ctypes.POINTER(ctypes.c_void_p)()
    count = usb.libusb_get_device_list(context, ctypes.byref(devices))
    for i in range(count):
        device = ctypes.c_void_p(devices[i])
        ports = (ctypes.c_uint8 * 7)()
        n = usb.libusb_get_port_numbers(device, ports, 7)
        if usb.libusb_get_bus_number(device) != bus or n != 1 or ports[0] != port:
            continue
        handle = ctypes.c_void_p()
        assert usb.libusb_open(device, ctypes.byref(handle)) == 0
        assert usb.libusb_claim_interface(handle, 4) == 0
        return subprocess.run(sys.argv[2:]).returncode
    raise SystemExit("hold_usb: nothing at %s" % sys.argv[1])


sys.exit(main())
