/* What subcommands share that speak to a store, with or without a station on it. */
#ifndef CMD_CLIENT_H
#define CMD_CLIENT_H

#include "core/err.h"

#include <jansson.h>

enum { CLIENT_PATH = 4096 };

/* The socket of the store's station: STORE.sock. */
void client_socket(const char *store, char path[CLIENT_PATH]);

/* Connects; -1 if nobody listens there. */
int client_connect(const char *socket);

/* Does an act (store_act()) on the store: itself, or through the station that works on it. */
int client_act(const char *fixture, const char *store, const json_t *act, struct err *err);

/* Who sits here, for the records: the login name. */
const char *client_user(void);

#endif
