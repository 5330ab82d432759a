#include "link/usb_keys.h"
#include "link/hid.h"
#include "link/key_queue.h"
#include "link/usb_port.h"

#include <pthread.h>
#include <stdlib.h>

enum {
	DESCRIPTOR_MAX = 1024,
	CONTROL_MS = 500,
	/* HID 1.11 clause 7.2.1 and 7.1.1 */
	GET_REPORT = 0x01,
	INPUT_REPORT = 0x0100,
	REPORT_DESCRIPTOR = 0x2200,
};

struct usb_keys {
	struct usb_keys_place place;
	struct hid_map map;
	struct hid_state state;
	struct libusb_transfer *transfer;
	uint8_t report[HID_REPORT];
	pthread_t thread;
	int over; /* the transfer is not pending any more */

	pthread_mutex_t lock; /* of stop and over */
	bool stop;
	struct key_queue queue;
};

static void take_report(struct usb_keys *k, const uint8_t *report, size_t n)
{
	struct hid_change changes[2 * HID_DOWN];
	struct err err;
	int count = hid_report(&k->map, &k->state, report, n, changes, &err);

	if (count < 0)
		key_queue_lose(&k->queue, &err);
	for (int i = 0; i < count; i++)
		key_queue_add(&k->queue, changes[i].usage, changes[i].down);
}

static void LIBUSB_CALL on_report(struct libusb_transfer *t)
{
	struct usb_keys *k = t->user_data;
	struct err err;

	pthread_mutex_lock(&k->lock);
	if (t->status == LIBUSB_TRANSFER_COMPLETED && t->actual_length > 0)
		take_report(k, k->report, (size_t)t->actual_length);
	if (t->status != LIBUSB_TRANSFER_COMPLETED || k->stop || libusb_submit_transfer(t) < 0) {
		if (t->status == LIBUSB_TRANSFER_NO_DEVICE)
			link_fail(
				&err, LINK_GONE, "USB: the headset went while its keys were read");
		else
			link_fail(&err, LINK_DISTURBED, "USB: the HID pipe can't be read");
		if (!k->stop)
			key_queue_lose(&k->queue, &err);
		k->over = 1;
	}
	pthread_mutex_unlock(&k->lock);
}

static void *listen(void *arg)
{
	struct usb_keys *k = arg;

	while (!k->over)
		libusb_handle_events_completed(k->place.context, &k->over);
	return NULL;
}

static int read_map(struct usb_keys *k, struct err *err)
{
	uint8_t descriptor[DESCRIPTOR_MAX];
	uint16_t room = k->place.descriptor_n < DESCRIPTOR_MAX ? k->place.descriptor_n
							       : (uint16_t)DESCRIPTOR_MAX;
	int n = libusb_control_transfer(k->place.handle,
		LIBUSB_ENDPOINT_IN | LIBUSB_RECIPIENT_INTERFACE, LIBUSB_REQUEST_GET_DESCRIPTOR,
		REPORT_DESCRIPTOR, (uint16_t)k->place.interface, descriptor, room, CONTROL_MS);

	if (n < 0)
		return usb_fail(err, n, "HID report descriptor");
	return hid_parse(descriptor, (size_t)n, &k->map, err);
}

/* What is down already; a headset that refuses to say is asked no more. */
static void read_now(struct usb_keys *k)
{
	for (size_t i = 0; i < k->map.report_n; i++) {
		uint8_t report[HID_REPORT];
		int n = libusb_control_transfer(k->place.handle,
			LIBUSB_ENDPOINT_IN | LIBUSB_REQUEST_TYPE_CLASS | LIBUSB_RECIPIENT_INTERFACE,
			GET_REPORT, (uint16_t)(INPUT_REPORT | k->map.reports[i]),
			(uint16_t)k->place.interface, report, sizeof(report), CONTROL_MS);

		if (n > 0)
			take_report(k, report, (size_t)n);
	}
}

static int begin(struct usb_keys *k, struct err *err)
{
	int ret = read_map(k, err);

	if (ret < 0)
		return ret;
	read_now(k);
	k->transfer = libusb_alloc_transfer(0);
	if (!k->transfer)
		return err_set(err, E_SYSTEM, "out of memory");
	libusb_fill_interrupt_transfer(k->transfer, k->place.handle, k->place.endpoint, k->report,
		sizeof(k->report), on_report, k, 0);
	ret = libusb_submit_transfer(k->transfer);
	if (ret < 0)
		return usb_fail(err, ret, "HID pipe");
	if (pthread_create(&k->thread, NULL, listen, k) == 0)
		return 0;
	libusb_cancel_transfer(k->transfer);
	listen(k);
	return err_set(err, E_SYSTEM, "no thread");
}

int usb_keys_start(struct usb_keys **out, const struct usb_keys_place *place, struct err *err)
{
	struct usb_keys *k = calloc(1, sizeof(*k));
	int ret;

	if (!k)
		return err_set(err, E_SYSTEM, "out of memory");
	k->place = *place;
	pthread_mutex_init(&k->lock, NULL);
	key_queue_init(&k->queue);
	ret = libusb_claim_interface(place->handle, place->interface);
	if (ret == LIBUSB_ERROR_BUSY) {
		link_fail(err, LINK_HELD,
			"another program holds the headset's keys (its HID interface): end it "
			"(payjig doctor says which)");
		goto failed;
	}
	if (ret < 0) {
		usb_fail(err, ret, "HID interface");
		goto failed;
	}
	if (begin(k, err) == 0) {
		*out = k;
		return 0;
	}
	libusb_free_transfer(k->transfer);
	libusb_release_interface(place->handle, place->interface);
failed:
	key_queue_finish(&k->queue);
	pthread_mutex_destroy(&k->lock);
	free(k);
	return err ? err->status : E_REFUSED;
}

int usb_keys_take(struct usb_keys *k, struct link_key *out, size_t *n, struct err *err)
{
	return key_queue_take(&k->queue, out, n, err);
}

void usb_keys_stop(struct usb_keys *k)
{
	if (!k)
		return;
	pthread_mutex_lock(&k->lock);
	k->stop = true;
	if (!k->over)
		libusb_cancel_transfer(k->transfer);
	pthread_mutex_unlock(&k->lock);
	pthread_join(k->thread, NULL);
	libusb_free_transfer(k->transfer);
	libusb_release_interface(k->place.handle, k->place.interface);
	key_queue_finish(&k->queue);
	pthread_mutex_destroy(&k->lock);
	free(k);
}
