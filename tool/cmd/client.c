#include "cmd/client.h"
#include "core/lines.h"
#include "messages/messages.h"
#include "station/identity.h"
#include "store/store.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { BUFFER = 2 * 1024 * 1024 };

void client_socket(const char *store, char path[CLIENT_PATH])
{
	snprintf(path, CLIENT_PATH, "%s.sock", store);
}

int client_connect(const char *path)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || strlen(path) >= sizeof(a.sun_path)) {
		if (fd >= 0)
			close(fd);
		return -1;
	}
	strcpy(a.sun_path, path);
	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0)
		return fd;
	close(fd);
	return -1;
}

/* Reads until the station says what became of the act. */
static int await(int fd, struct err *err)
{
	struct lines lines;
	int ret = E_LINK;

	if (lines_init(&lines, BUFFER) < 0)
		return err_set(err, E_SYSTEM, "out of memory");
	err_set(err, E_LINK, "the station is gone before it answered");
	while (ret == E_LINK && lines_read(&lines, fd) >= 0) {
		size_t n;
		char *line = lines_next(&lines, &n);
		json_t *m = line ? message_parse(line, n, FROM_STATION_TO_CLIENT, err) : NULL;

		if (m && !strcmp(message_type(m), "act_done"))
			ret = (int)message_integer(m, "status");
		if (m && ret < 0 && ret != E_LINK)
			err_set(err, ret, "%s", message_string(m, "error"));
		json_decref(m);
	}
	lines_finish(&lines);
	return ret;
}

static int act_through_station(const char *store, const json_t *act, struct err *err)
{
	char path[CLIENT_PATH], *line;
	size_t n = 0;
	int fd, ret;

	client_socket(store, path);
	fd = client_connect(path);
	if (fd < 0)
		return err_set(err, E_STORE, "%s: another program works on this store", store);
	line = message_line(
		json_pack("{ss, sO}", "type", "act", "what", act), FROM_CLIENT, &n, err);
	if (!line)
		ret = err->status;
	else if (send(fd, line, n, MSG_NOSIGNAL) != (ssize_t)n)
		ret = err_set(err, E_LINK, "%s: the station does not listen", path);
	else
		ret = await(fd, err);
	free(line);
	close(fd);
	return ret;
}

int client_act(const char *fixture_path, const char *path, const json_t *act, struct err *err)
{
	struct identity identity;
	struct fixture fixture;
	struct store *store = NULL;
	int ret = identity_load(&identity, fixture_path, &fixture, err);

	if (ret < 0)
		return ret;
	if (access(path, F_OK) < 0)
		ret = err_set(err, E_CONFIG, "%s: there is no such store", path);
	else
		ret = store_open(&store,
			&(struct store_options){
				.path = path, .signer = identity.signer, .state = identity.state},
			err);
	if (ret == 0)
		ret = store_act(store, act, err);
	else if (ret == E_STORE && err->code == STORE_LOCKED)
		ret = act_through_station(path, act, err);
	store_close(store);
	identity_close(&identity);
	return ret;
}

const char *client_user(void)
{
	const struct passwd *user = getpwuid(getuid());

	return user ? user->pw_name : "";
}
