#include "store/outside.h"
#include "core/file.h"
#include "core/hex.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { RECORD = 512, APART = 4096, RECORDS = 2 };

void outside_path(const char *folder, const char *id, char path[4096])
{
	snprintf(path, 4096, "%s/%s.head", folder, id);
}

/* A new file's name is durable only with its folder. */
static int sync_folder(const char *folder, struct err *err)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC), ret = 0;

	if (fd < 0 || fsync(fd) < 0)
		ret = err_set(err, E_STORE, "%s: %s", folder, strerror(errno));
	if (fd >= 0)
		close(fd);
	return ret;
}

int outside_open(struct outside *o, const char *folder, const char *id, struct err *err)
{
	char path[4096];
	int ret = file_make_folders(folder, err);

	if (ret < 0)
		return ret;
	outside_path(folder, id, path);
	o->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (o->fd < 0)
		return err_set(err, E_STORE, "%s: %s", path, strerror(errno));
	return sync_folder(folder, err);
}

void outside_close(struct outside *o)
{
	if (o->fd >= 0)
		close(o->fd);
	o->fd = -1;
}

static bool parse(const char *text, const char *id, const char *station, struct outside_head *h)
{
	char store[CHAIN_ID], hash[DIGEST_TEXT], hex[2 * SIGNER_SIGNATURE + 1],
		head[CHAIN_HEAD_TEXT];
	uint8_t signature[SIGNER_SIGNATURE];

	if (sscanf(text, "payjig-head-1 %32s %" SCNd64 " %64s %" SCNd64 " %128s\n", store,
		    &h->tail.sequence, hash, &h->issued, hex) != 5 ||
		strcmp(store, id) != 0 || strlen(hash) != DIGEST_TEXT - 1 ||
		hex_decode(hex, strlen(hex), signature, sizeof(signature)) != SIGNER_SIGNATURE)
		return false;
	strcpy(h->tail.hash, hash);
	return signer_verify(
		station, head, chain_head_text(id, &h->tail, h->issued, head), signature);
}

int outside_read(struct outside *o, const char *id, const char *station, struct outside_head *head,
	struct err *err)
{
	bool something = false, found = false;

	for (int i = 0; i < RECORDS; i++) {
		char text[RECORD + 1] = "";
		struct outside_head h = {0};

		if (pread(o->fd, text, RECORD, (off_t)i * APART) < 0)
			return err_set(
				err, E_STORE, "the head outside of the store: %s", strerror(errno));
		something |= text[0] != '\0';
		if (!parse(text, id, station, &h) ||
			(found && h.tail.sequence <= head->tail.sequence))
			continue;
		found = true;
		*head = h;
		o->turn = (i + 1) % RECORDS;
	}
	if (something && !found)
		return err_set(err, E_STORE,
			"the head outside of the store (%s.head) is not signed by this station",
			id);
	return found;
}

int outside_write(struct outside *o, const char *id, const struct outside_head *head,
	const uint8_t signature[SIGNER_SIGNATURE], struct err *err)
{
	char text[RECORD + 1], hex[2 * SIGNER_SIGNATURE + 1];

	hex_encode(signature, SIGNER_SIGNATURE, hex);
	memset(text, ' ', RECORD);
	text[snprintf(text, RECORD, "payjig-head-1 %s %" PRId64 " %s %" PRId64 " %s\n", id,
		head->tail.sequence, head->tail.hash, head->issued, hex)] = ' ';
	if (pwrite(o->fd, text, RECORD, (off_t)o->turn * APART) != RECORD || fdatasync(o->fd) < 0)
		return err_set(err, E_STORE, "the head outside of the store can't be written: %s",
			strerror(errno));
	o->turn = (o->turn + 1) % RECORDS;
	return 0;
}

int outside_look(const char *path, const char *id, const char *station, struct outside_head *head,
	struct err *err)
{
	struct outside o = {.fd = open(path, O_RDONLY | O_CLOEXEC)};
	int ret;

	if (o.fd < 0)
		return err_set(err, E_CONFIG, "%s: %s", path, strerror(errno));
	ret = outside_read(&o, id, station, head, err);
	outside_close(&o);
	return ret;
}

int outside_claim_job(const char *folder, const char *id, const char *job, struct err *err)
{
	char path[4096], other[CHAIN_ID + 1] = "";
	ssize_t n = (ssize_t)strlen(id);
	int fd, ret = 0;

	if (snprintf(path, sizeof(path), "%s/%s.job", folder, job) >= (int)sizeof(path))
		return err_set(err, E_CONFIG, "%s: name too long", folder);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_set(err, E_STORE, "%s: %s", path, strerror(errno));
	if (read(fd, other, sizeof(other) - 1) >= n) {
		other[n] = '\0';
		if (strcmp(other, id) != 0)
			ret = err_set(err, E_CONFIG,
				"job %s: this station has it in another store (%s); its cards must not be"
				" issued twice",
				job, path);
	} else if (pwrite(fd, id, (size_t)n, 0) != n || fsync(fd) < 0) {
		ret = err_set(err, E_STORE, "%s: %s", path, strerror(errno));
	}
	close(fd);
	return ret < 0 ? ret : sync_folder(folder, err);
}
