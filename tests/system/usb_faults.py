"""Every fault of tests/faults/usb.tsv, on USB, gets its verdict and its code, and no other. The tool learns of a fault
only by what it measures."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from link_faults import main  # noqa: E402

main("usb")
