/* The schema of the store, version STORE_SCHEMA. */
#ifndef STORE_SCHEMA_H
#define STORE_SCHEMA_H

extern const char store_schema[];

#endif
