/*
 * A jig's line over a serial port, 115200 8N1 (PJ-1 "Line"), by libserialport.
 *
 * The port is found anew at each connection, by path or by the USB serial number of its adapter: an
 * adapter that was unplugged may come back under another name. The descriptor is polled: readable
 * without a byte to read is the unplug, which a blocking read would not tell before its timeout.
 */
#include "jig/line.h"

#include <errno.h>
#include <libserialport.h>
#include <string.h>

enum { BAUD = 115200 };

static int serial_init(struct jig_line *line, struct err *err)
{
	(void)line;
	(void)err;
	return 0; /* which port it is, is asked at each connection */
}

static struct sp_port *by_number(const char *number)
{
	struct sp_port **list = NULL, *found = NULL;

	if (sp_list_ports(&list) != SP_OK)
		return NULL;
	for (size_t i = 0; list[i] && !found; i++) {
		const char *serial = sp_get_port_usb_serial(list[i]);

		if (serial && !strcmp(serial, number) && sp_copy_port(list[i], &found) != SP_OK)
			found = NULL;
	}
	sp_free_port_list(list);
	return found;
}

static int serial_fail(struct err *err, const char *where, const char *what)
{
	int error = sp_last_error_code();

	return err_set(err, E_LINK, "serial port %s: %s%s%s", where, what, error ? ": " : "",
		error ? strerror(error) : "");
}

static int configure(struct sp_port *port)
{
	return sp_set_baudrate(port, BAUD) == SP_OK && sp_set_bits(port, 8) == SP_OK &&
			       sp_set_parity(port, SP_PARITY_NONE) == SP_OK &&
			       sp_set_stopbits(port, 1) == SP_OK &&
			       sp_set_flowcontrol(port, SP_FLOWCONTROL_NONE) == SP_OK &&
			       sp_flush(port, SP_BUF_BOTH) == SP_OK
		       ? 0
		       : -1;
}

static void serial_close(struct jig_line *line)
{
	struct sp_port *port = line->state;

	if (!port)
		return;
	if (line->fd >= 0)
		sp_close(port);
	sp_free_port(port);
	line->state = NULL;
	line->fd = -1;
}

static int serial_connect(struct jig_line *line, struct err *err)
{
	struct sp_port *port = NULL;
	int ret;

	if (line->where[0] != '/')
		port = by_number(line->where);
	else if (sp_get_port_by_name(line->where, &port) != SP_OK)
		port = NULL;
	if (!port)
		return err_set(err, E_LINK, "serial port %s: there is none", line->where);
	line->state = port;
	if (sp_open(port, SP_MODE_READ_WRITE) != SP_OK) {
		ret = serial_fail(err, line->where,
			sp_last_error_code() == EACCES ? "this user may not open it (group dialout)"
						       : "can't be opened");
		serial_close(line);
		return ret;
	}
	if (sp_get_port_handle(port, &line->fd) == SP_OK && configure(port) == 0)
		return 0;
	ret = serial_fail(err, line->where, "can't be set to 115200 8N1");
	serial_close(line);
	return ret;
}

static int serial_connected(struct jig_line *line, struct err *err)
{
	(void)line;
	(void)err;
	return 0;
}

static void serial_finish(struct jig_line *line)
{
	(void)line;
}

const struct jig_transport jig_serial = {
	.prefix = "serial:",
	.usage = "serial:PORT (a path, or the USB serial number of its adapter)",
	.init = serial_init,
	.connect = serial_connect,
	.connected = serial_connected,
	.close = serial_close,
	.finish = serial_finish,
};
