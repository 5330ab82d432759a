/* payjig reader: the NFC reader of one unit's test, as its worker says. */
#include "cmd/cmd.h"
#include "link/nfc_reader.h"

int cmd_reader(int argc, char **argv)
{
	return cmd_chip(argc, argv, "reader CONNSTRING < REQUESTS > ANSWERS", nfc_reader_run);
}
