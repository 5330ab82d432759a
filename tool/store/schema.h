/* The schema of the store, version STORE_SCHEMA, and the way there from older ones. */
#ifndef STORE_SCHEMA_H
#define STORE_SCHEMA_H

extern const char *const store_schema[]; /* statements; ends with NULL */

/* From one older version to STORE_SCHEMA: its tables are renamed to old_..., today's are made, the
 * rows are copied over, the old tables dropped. */
struct store_upgrade {
	const char *const *tables; /* those that are referred to last; ends with NULL */
	const char *before, *copy;
};

extern const struct store_upgrade store_upgrades[]; /* [version - 1] */

#endif
