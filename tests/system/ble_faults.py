"""Every fault of tests/faults/ble.tsv, on BLE, gets its verdict and its code, and no other. Every second batch has the
units' addresses on their labels; the others are found as what comes when the jig switches them on."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from link_faults import main  # noqa: E402

main("ble", lambda batch: ["--addresses"] if batch % 2 else [])
