#include "station/people.h"
#include "core/file.h"
#include "core/secret.h"
#include "core/words.h"
#include "messages/messages.h"

#include <argon2.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FORMAT "payjig-people-1"

/* RFC 9106, 4: the second recommended choice, for where memory is scarce. */
enum { PASSES = 3, MEMORY_KIB = 65536, LANES = 1, SALT = 16, HASH = 32, ENCODED = 128 };

enum { PASSWORD_LEAST = 6, FILE_MOST = 1024 * 1024 };

/* From the lowest. */
static const char *const roles[] = {N_("operator"), N_("lead"), N_("engineer")};

int people_rank(const char *role)
{
	for (int i = 0; i < (int)(sizeof(roles) / sizeof(roles[0])); i++)
		if (!strcmp(roles[i], role))
			return i + 1;
	return 0;
}

static char *path_of(const char *state, struct err *err)
{
	char *path = NULL;

	if (asprintf(&path, "%s/people.json", state) >= 0)
		return path;
	err_set(err, E_SYSTEM, "out of memory");
	return NULL;
}

static bool is_person(const json_t *p)
{
	return json_is_object(p) && message_string(p, "name")[0] &&
	       people_rank(message_string(p, "role")) && message_string(p, "password")[0];
}

static json_t *parse(const char *path, const char *text, size_t n, struct err *err)
{
	json_error_t why;
	json_t *all = json_loadb(text, n, JSON_REJECT_DUPLICATES, &why), *list, *p;
	size_t i;

	list = json_incref(json_object_get(all, "people"));
	if (!all)
		err_set(err, E_CONFIG, "%s:%d: %s", path, why.line, why.text);
	else if (strcmp(message_string(all, "format"), FORMAT) != 0 || !json_is_array(list))
		err_set(err, E_CONFIG, "%s: is no list of persons (format " FORMAT ")", path);
	else
		err->status = 0;
	json_array_foreach(list, i, p) if (!err->status && !is_person(p)) err_set(
		err, E_CONFIG, "%s: person %zu: needs name, role and password", path, i + 1);
	json_decref(all);
	if (!err->status)
		return list;
	json_decref(list);
	return NULL;
}

json_t *people_read(const char *state, struct err *err)
{
	char *path = path_of(state, err), *text = NULL;
	json_t *list = NULL;
	size_t n = 0;

	if (path && access(path, F_OK) < 0 && errno == ENOENT)
		list = json_array();
	else if (path && file_read(path, FILE_MOST, &text, &n, err) == 0)
		list = parse(path, text, n, err);
	free(text);
	free(path);
	return list;
}

static json_t *find(const json_t *list, const char *name)
{
	json_t *p;
	size_t i;

	json_array_foreach(list, i, p) if (!strcmp(message_string(p, "name"), name)) return p;
	return NULL;
}

/* An unknown name costs the time of a known one: this hash is of no password. */
static const char nobody[] = "$argon2id$v=19$m=65536,t=3,p=1$AAAAAAAAAAAAAAAAAAAAAA$"
			     "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

int people_check(const char *state, const char *name, const char *password, struct person *person,
	int *known, struct err *err)
{
	json_t *list = people_read(state, err), *p = find(list, name);
	int ret;

	if (!list)
		return err->status;
	*known = p != NULL;
	ret = argon2id_verify(p ? message_string(p, "password") : nobody, password,
		strnlen(password, PERSON_PASSWORD));
	if (ret == ARGON2_OK && p) {
		snprintf(person->name, PERSON_NAME, "%s", name);
		snprintf(person->role, PERSON_ROLE, "%s", message_string(p, "role"));
		ret = 1;
	} else if (ret == ARGON2_OK || ret == ARGON2_VERIFY_MISMATCH) {
		ret = 0;
	} else {
		ret = err_set(err, E_CONFIG, "%s/people.json: the password of %s: %s", state, name,
			argon2_error_message(ret));
	}
	json_decref(list);
	return ret;
}

/* ---- changing ---- */

static int write_people(const char *state, json_t *list, struct err *err)
{
	char *path = path_of(state, err), *text;
	json_t *all = json_pack("{ss, sO}", "format", FORMAT, "people", list);
	int ret;

	text = json_dumps(all, JSON_INDENT(1));
	if (!path || !text)
		ret = err_set(err, E_SYSTEM, "out of memory");
	else if ((ret = file_make_folders(state, err)) == 0)
		ret = file_write(path, FILE_OWN, text, strlen(text), err);
	free(text);
	free(path);
	json_decref(all);
	return ret;
}

static int hash(const char *password, char encoded[ENCODED], struct err *err)
{
	uint8_t salt[SALT];
	int ret = secret_random(salt, sizeof(salt));

	if (ret == 0)
		ret = argon2id_hash_encoded(PASSES, MEMORY_KIB, LANES, password, strlen(password),
			salt, sizeof(salt), HASH, encoded, ENCODED);
	return ret ? err_set(err, E_SYSTEM, "the password can't be hashed: %s",
			     argon2_error_message(ret))
		   : 0;
}

static bool good_name(const char *name)
{
	if (!name[0] || strlen(name) >= PERSON_NAME || name[0] == ' ')
		return false;
	for (; *name; name++)
		if ((unsigned char)*name < ' ' || *name == 127)
			return false;
	return true;
}

int people_set(const char *state, const char *name, const char *role, const char *password,
	struct err *err)
{
	char encoded[ENCODED];
	json_t *list, *p;
	int ret;

	if (!good_name(name))
		return err_set(err, E_CONFIG, "a person's name has 1 to %d bytes, no controls",
			PERSON_NAME - 1);
	if (!people_rank(role))
		return err_set(
			err, E_CONFIG, "\"%s\" is no role: operator, lead or engineer", role);
	if (strlen(password) < PASSWORD_LEAST || strlen(password) >= PERSON_PASSWORD)
		return err_set(err, E_CONFIG, "a password has %d to %d bytes", PASSWORD_LEAST,
			PERSON_PASSWORD - 1);
	list = people_read(state, err);
	if (!list)
		return err->status;
	ret = hash(password, encoded, err);
	p = find(list, name);
	if (ret == 0 && !p) {
		p = json_pack("{ss}", "name", name);
		json_array_append_new(list, p);
	}
	if (ret == 0) {
		json_object_set_new(p, "role", json_string(role));
		json_object_set_new(p, "password", json_string(encoded));
		ret = write_people(state, list, err);
	}
	json_decref(list);
	return ret;
}

int people_remove(const char *state, const char *name, struct err *err)
{
	json_t *list = people_read(state, err), *p;
	int ret = 0;
	size_t i;

	if (!list)
		return err->status;
	json_array_foreach(list, i, p) if (!strcmp(message_string(p, "name"), name)) break;
	if (i == json_array_size(list)) {
		ret = err_set(err, E_CONFIG, "%s: there is no such person", name);
	} else {
		json_array_remove(list, i);
		ret = write_people(state, list, err);
	}
	json_decref(list);
	return ret;
}
