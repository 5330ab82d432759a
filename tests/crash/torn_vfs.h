/*
 * A VFS between SQLite and its own one that forgets: what was written and not synced may be lost,
 * in part or whole and in any order, when the power goes. It goes at a chosen operation; after that
 * nothing is written any more.
 */
#ifndef CRASH_TORN_VFS_H
#define CRASH_TORN_VFS_H

#include <stdbool.h>

/* Becomes the default VFS. */
void torn_register(void);

/* The power goes at this write, truncation or sync, from 1; 0: it stays. Counting starts anew. */
void torn_arm(long operation);

/* Operations since torn_arm(). */
long torn_operations(void);

/* From now on syncs are answered and not done: a disk that lies. What then gets lost must be
 * noticed by the test, or the test notices nothing. */
void torn_lie(bool lies);

/* What is on the disk after the power went: for each file the last synced content, and of what came
 * after it a subset, chosen by the seed, in sectors of 512 bytes. Files must be closed. */
void torn_settle(unsigned seed);

/* Forgets all files (a new folder). */
void torn_forget(void);

#endif
