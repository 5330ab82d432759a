#include "torn_vfs.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FILES = 8, SECTOR = 512 };

/* A write since the last sync; bytes NULL: a truncation to `at`. */
struct change {
	sqlite3_int64 at;
	int n;
	unsigned char *bytes;
	struct change *next;
};

struct image {
	char path[512];
	unsigned char *bytes; /* as it was synced */
	sqlite3_int64 n, room;
	struct change *changes;
};

struct torn_file {
	sqlite3_file base;
	struct image *image; /* NULL: a file that nobody misses */
	sqlite3_file *real;  /* behind this struct */
};

static struct {
	sqlite3_vfs vfs, *real;
	sqlite3_io_methods methods;
	struct image images[FILES];
	long operations, armed;
	bool gone, lies;
} torn;

/* ---- images ---- */

static void resize(struct image *m, sqlite3_int64 n)
{
	if (n > m->room) {
		m->room = 2 * n;
		m->bytes = realloc(m->bytes, (size_t)m->room);
		if (!m->bytes)
			abort();
	}
	if (n > m->n)
		memset(m->bytes + m->n, 0, (size_t)(n - m->n));
	m->n = n;
}

static void apply(struct image *m, const struct change *c, bool whole)
{
	if (!c->bytes) {
		resize(m, c->at);
		return;
	}
	for (int at = 0; at < c->n; at += SECTOR) {
		int n = c->n - at < SECTOR ? c->n - at : SECTOR;

		if (!whole && rand() % 2)
			continue;
		if (c->at + at + n > m->n)
			resize(m, c->at + at + n);
		memcpy(m->bytes + c->at + at, c->bytes + at, (size_t)n);
	}
}

static void drop_changes(struct image *m)
{
	struct change *c;

	while ((c = m->changes)) {
		m->changes = c->next;
		free(c->bytes);
		free(c);
	}
}

static void add_change(struct image *m, sqlite3_int64 at, const void *bytes, int n)
{
	struct change *c = calloc(1, sizeof(*c)), **last = &m->changes;

	if (!c)
		abort();
	c->at = at;
	c->n = n;
	if (bytes) {
		c->bytes = malloc((size_t)n);
		if (!c->bytes)
			abort();
		memcpy(c->bytes, bytes, (size_t)n);
	}
	while (*last)
		last = &(*last)->next;
	*last = c;
}

static struct image *find_image(const char *path)
{
	for (size_t i = 0; path && i < FILES; i++) {
		struct image *m = &torn.images[i];

		if (!m->path[0])
			snprintf(m->path, sizeof(m->path), "%s", path);
		if (!strcmp(m->path, path))
			return m;
	}
	return NULL;
}

/* False: the power is gone, or goes now. */
static bool powered(void)
{
	if (!torn.gone && ++torn.operations == torn.armed)
		torn.gone = true;
	return !torn.gone;
}

/* ---- the file ---- */

static sqlite3_file *real_of(sqlite3_file *f)
{
	return ((struct torn_file *)f)->real;
}

static int torn_close(sqlite3_file *f)
{
	return real_of(f)->pMethods->xClose(real_of(f));
}

static int torn_read(sqlite3_file *f, void *out, int n, sqlite3_int64 at)
{
	return real_of(f)->pMethods->xRead(real_of(f), out, n, at);
}

static int torn_write(sqlite3_file *f, const void *bytes, int n, sqlite3_int64 at)
{
	struct image *m = ((struct torn_file *)f)->image;
	bool was = torn.gone;

	if (!m)
		return real_of(f)->pMethods->xWrite(real_of(f), bytes, n, at);
	if (!powered()) {
		if (!was) /* it was on its way when the power went */
			add_change(m, at, bytes, n);
		return SQLITE_IOERR_WRITE;
	}
	add_change(m, at, bytes, n);
	return real_of(f)->pMethods->xWrite(real_of(f), bytes, n, at);
}

static int torn_truncate(sqlite3_file *f, sqlite3_int64 n)
{
	struct image *m = ((struct torn_file *)f)->image;

	if (m && !powered())
		return SQLITE_IOERR_TRUNCATE;
	if (m)
		add_change(m, n, NULL, 0);
	return real_of(f)->pMethods->xTruncate(real_of(f), n);
}

static int torn_sync(sqlite3_file *f, int flags)
{
	struct image *m = ((struct torn_file *)f)->image;

	(void)flags;
	if (m && !powered())
		return SQLITE_IOERR_FSYNC;
	if (!m || torn.lies)
		return SQLITE_OK;
	for (struct change *c = m->changes; c; c = c->next)
		apply(m, c, true);
	drop_changes(m);
	return SQLITE_OK;
}

static int torn_size(sqlite3_file *f, sqlite3_int64 *n)
{
	return real_of(f)->pMethods->xFileSize(real_of(f), n);
}

static int torn_lock(sqlite3_file *f, int level)
{
	return real_of(f)->pMethods->xLock(real_of(f), level);
}

static int torn_unlock(sqlite3_file *f, int level)
{
	return real_of(f)->pMethods->xUnlock(real_of(f), level);
}

static int torn_reserved(sqlite3_file *f, int *out)
{
	return real_of(f)->pMethods->xCheckReservedLock(real_of(f), out);
}

static int torn_control(sqlite3_file *f, int op, void *arg)
{
	return real_of(f)->pMethods->xFileControl(real_of(f), op, arg);
}

static int torn_sector(sqlite3_file *f)
{
	(void)f;
	return SECTOR;
}

/* Promises nothing: neither that appended bytes come before the size, nor that a write is whole. */
static int torn_device(sqlite3_file *f)
{
	(void)f;
	return 0;
}

static int torn_shm_map(sqlite3_file *f, int page, int size, int extend, void volatile **out)
{
	return real_of(f)->pMethods->xShmMap(real_of(f), page, size, extend, out);
}

static int torn_shm_lock(sqlite3_file *f, int at, int n, int flags)
{
	return real_of(f)->pMethods->xShmLock(real_of(f), at, n, flags);
}

static void torn_shm_barrier(sqlite3_file *f)
{
	real_of(f)->pMethods->xShmBarrier(real_of(f));
}

static int torn_shm_unmap(sqlite3_file *f, int delete)
{
	return real_of(f)->pMethods->xShmUnmap(real_of(f), delete);
}

static int torn_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *f, int flags, int *out)
{
	struct torn_file *t = (struct torn_file *)f;
	int code;

	(void)vfs;
	t->real = (sqlite3_file *)(t + 1);
	t->image = flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL) ? find_image(path) : NULL;
	code = torn.real->xOpen(torn.real, path, t->real, flags, out);
	f->pMethods = code == SQLITE_OK ? &torn.methods : NULL;
	return code;
}

static int torn_delete(sqlite3_vfs *vfs, const char *path, int sync)
{
	struct image *m = find_image(path);

	(void)vfs;
	if (torn.gone)
		return SQLITE_IOERR_DELETE;
	if (m) {
		drop_changes(m);
		m->n = 0;
	}
	return torn.real->xDelete(torn.real, path, sync);
}

void torn_register(void)
{
	torn.real = sqlite3_vfs_find(NULL);
	torn.methods = (sqlite3_io_methods){.iVersion = 2,
		.xClose = torn_close,
		.xRead = torn_read,
		.xWrite = torn_write,
		.xTruncate = torn_truncate,
		.xSync = torn_sync,
		.xFileSize = torn_size,
		.xLock = torn_lock,
		.xUnlock = torn_unlock,
		.xCheckReservedLock = torn_reserved,
		.xFileControl = torn_control,
		.xSectorSize = torn_sector,
		.xDeviceCharacteristics = torn_device,
		.xShmMap = torn_shm_map,
		.xShmLock = torn_shm_lock,
		.xShmBarrier = torn_shm_barrier,
		.xShmUnmap = torn_shm_unmap};
	torn.vfs = *torn.real;
	torn.vfs.zName = "torn";
	torn.vfs.szOsFile = (int)sizeof(struct torn_file) + torn.real->szOsFile;
	torn.vfs.xOpen = torn_open;
	torn.vfs.xDelete = torn_delete;
	sqlite3_vfs_register(&torn.vfs, 1);
}

void torn_arm(long operation)
{
	torn.operations = 0;
	torn.armed = operation;
	torn.gone = false;
}

void torn_lie(bool lies)
{
	torn.lies = lies;
}

long torn_operations(void)
{
	return torn.operations;
}

void torn_settle(unsigned seed)
{
	srand(seed);
	for (size_t i = 0; i < FILES && torn.images[i].path[0]; i++) {
		struct image *m = &torn.images[i];
		int kept = rand() % 3; /* nothing, some of it, or almost all */
		FILE *f;

		for (struct change *c = m->changes; c; c = c->next)
			if (kept == 2 ? c->next || rand() % 2 : kept == 1 && rand() % 2)
				apply(m, c, kept == 2 && c->next);
		drop_changes(m);
		if (access(m->path, F_OK) < 0)
			continue;
		f = fopen(m->path, "wb");
		if (!f || (m->n && fwrite(m->bytes, (size_t)m->n, 1, f) != 1) || fclose(f) != 0)
			abort();
	}
}

void torn_forget(void)
{
	for (size_t i = 0; i < FILES; i++) {
		drop_changes(&torn.images[i]);
		free(torn.images[i].bytes);
		torn.images[i] = (struct image){0};
	}
}
