#include "screen/words.h"

#include <langinfo.h>
#include <libintl.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DOMAIN "payjig"

static const char *const languages[] = {"en", "zh_CN"};

enum { LANGUAGES = sizeof(languages) / sizeof(languages[0]) };

static size_t now; /* gettext's language is one of the process, so this is too */

const char *words_get(const char *text)
{
	return text[0] ? dgettext(DOMAIN, text) : "";
}

const char *words_sentence(const char *text, char *out, size_t size)
{
	const char *colon = strstr(text, ": ");
	char head[256];

	if (words_get(text) == text && colon && (size_t)(colon - text) < sizeof(head)) {
		memcpy(head, text, (size_t)(colon - text));
		head[colon - text] = '\0';
		snprintf(out, size, "%s%s", words_get(head), colon);
	} else {
		snprintf(out, size, "%s", words_get(text));
	}
	return out;
}

int words_open(const char *folder)
{
	/* Numbers are printed as C does; only characters and words are the user's. */
	if (!setlocale(LC_CTYPE, "") || strcmp(nl_langinfo(CODESET), "UTF-8") != 0)
		if (!setlocale(LC_CTYPE, "C.UTF-8"))
			return -1;
	/* Any locale but "C": only then gettext asks LANGUAGE, by which `l` changes it. */
	setlocale(LC_MESSAGES, "C.UTF-8");
	bindtextdomain(DOMAIN, folder);
	bind_textdomain_codeset(DOMAIN, "UTF-8");
	return 0;
}

void words_use(const char *language)
{
	extern int _nl_msg_cat_cntr; /* gettext's manual: it changed its mind about the language */

	now = 0;
	for (size_t i = 0; i < LANGUAGES; i++)
		if (!strcmp(languages[i], language))
			now = i;
	setenv("LANGUAGE", languages[now], 1);
	_nl_msg_cat_cntr++;
}

const char *words_wanted(void)
{
	static const char *const names[] = {"LC_ALL", "LC_MESSAGES", "LANG"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *value = getenv(names[i]);

		if (value && value[0])
			return strncmp(value, "zh", 2) ? "en" : "zh_CN";
	}
	return "en";
}

const char *words_now(void)
{
	return languages[now];
}

const char *words_next(void)
{
	return languages[(now + 1) % LANGUAGES];
}
