#include "link/ble_keys.h"
#include "link/key_queue.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { EVENT = 2 }; /* key, 1: down or 0: up */

struct ble_keys {
	int fd, stop;
	pthread_t thread;
	struct key_queue queue;
};

/* False when nothing more can come. */
static bool take_event(struct ble_keys *k)
{
	uint8_t bytes[EVENT + 1];
	ssize_t n = read(k->fd, bytes, sizeof(bytes));
	struct err err;

	if (n <= 0)
		link_fail(&err, LINK_GONE, "BLE: the headset went while its keys were read");
	else if (n != EVENT || bytes[1] > 1)
		link_fail(&err, LINK_DISTURBED, "BLE: a button event of %zd bytes, state %02X", n,
			bytes[1]);
	else
		key_queue_add(&k->queue, bytes[0], bytes[1]);
	if (n != EVENT || bytes[1] > 1)
		key_queue_lose(&k->queue, &err);
	return n > 0;
}

static void *listen(void *arg)
{
	struct ble_keys *k = arg;
	struct pollfd p[] = {{.fd = k->fd, .events = POLLIN}, {.fd = k->stop, .events = POLLIN}};

	do
		poll(p, 2, -1);
	while (!p[1].revents && (!p[0].revents || take_event(k)));
	return NULL;
}

static void finish(struct ble_keys *k)
{
	close(k->fd);
	if (k->stop >= 0)
		close(k->stop);
	key_queue_finish(&k->queue);
	free(k);
}

int ble_keys_start(struct ble_keys **out, int fd, struct err *err)
{
	struct ble_keys *k = calloc(1, sizeof(*k));

	if (!k) {
		close(fd);
		return err_set(err, E_SYSTEM, "out of memory");
	}
	k->fd = fd;
	key_queue_init(&k->queue);
	k->stop = eventfd(0, EFD_CLOEXEC);
	if (k->stop >= 0 && pthread_create(&k->thread, NULL, listen, k) == 0) {
		*out = k;
		return 0;
	}
	finish(k);
	return err_set(err, E_SYSTEM, "no thread");
}

int ble_keys_take(struct ble_keys *k, struct link_key *out, size_t *n, struct err *err)
{
	return key_queue_take(&k->queue, out, n, err);
}

void ble_keys_stop(struct ble_keys *k)
{
	const uint64_t one = 1;

	if (!k)
		return;
	if (write(k->stop, &one, sizeof(one)) == (ssize_t)sizeof(one))
		pthread_join(k->thread, NULL);
	finish(k);
}
