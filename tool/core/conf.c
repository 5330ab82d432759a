#include "core/conf.h"
#include "core/hex.h"
#include "core/num.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

struct reading {
	const char *path;
	yaml_document_t document;
	struct err *err;
};

static int bad(struct reading *r, const yaml_node_t *node, const char *key, const char *reason,
	const char *value)
{
	return err_set(r->err, E_CONFIG, "%s:%zu: %s: %s%s%s%s", r->path, node->start_mark.line + 1,
		key, reason, value ? " \"" : "", value ? value : "", value ? "\"" : "");
}

static const char *scalar(const yaml_node_t *node)
{
	return (const char *)node->data.scalar.value;
}

static int read_mapping(struct reading *r, const yaml_node_t *node, const char *key,
	const struct conf_field *fields, char *into);

static int in_bounds(const struct conf_field *f, double v)
{
	return (f->min == 0 && f->max == 0) || (v >= f->min && v <= f->max);
}

static int read_number(
	struct reading *r, const yaml_node_t *node, const struct conf_field *f, char *at)
{
	const char *text = scalar(node);
	char reason[128];
	double v;

	if (node->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
		return bad(r, node, f->name, "a number must not be quoted:", text);
	if (f->type == CONF_INTEGER) {
		int64_t i;

		if (num_integer(text, &i) < 0)
			return bad(r, node, f->name, "not an integer:", text);
		v = (double)i;
		memcpy(at, &i, sizeof(i));
	} else {
		if (num_real(text, &v) < 0)
			return bad(r, node, f->name, "not a number:", text);
		memcpy(at, &v, sizeof(v));
	}
	if (!in_bounds(f, v)) {
		snprintf(reason, sizeof(reason), "must be %g to %g, not", f->min, f->max);
		return bad(r, node, f->name, reason, text);
	}
	return 0;
}

static int read_word(
	struct reading *r, const yaml_node_t *node, const struct conf_field *f, char *at)
{
	char reason[256] = "must be one of";
	size_t n = strlen(reason);

	for (int i = 0; f->words[i]; i++) {
		if (!strcmp(f->words[i], scalar(node))) {
			memcpy(at, &i, sizeof(i));
			return 0;
		}
		n += (size_t)snprintf(
			reason + n, sizeof(reason) - n, "%s %s", i ? "," : "", f->words[i]);
		if (n >= sizeof(reason))
			n = sizeof(reason) - 1;
	}
	snprintf(reason + n, sizeof(reason) - n, "; not");
	return bad(r, node, f->name, reason, scalar(node));
}

static int read_hex(
	struct reading *r, const yaml_node_t *node, const struct conf_field *f, char *at)
{
	struct conf_bytes b = {0};
	char reason[96];
	int n = hex_decode(scalar(node), strlen(scalar(node)), b.bytes, sizeof(b.bytes));

	if (n < 0 || !in_bounds(f, n)) {
		snprintf(reason, sizeof(reason), "must be %g to %g bytes in hex, not", f->min,
			f->max);
		return bad(r, node, f->name, reason, scalar(node));
	}
	b.n = (size_t)n;
	memcpy(at, &b, sizeof(b));
	return 0;
}

static int read_bool(
	struct reading *r, const yaml_node_t *node, const struct conf_field *f, char *at)
{
	bool v = !strcmp(scalar(node), "true");

	if (!v && strcmp(scalar(node), "false") != 0)
		return bad(r, node, f->name, "must be true or false, not", scalar(node));
	memcpy(at, &v, sizeof(v));
	return 0;
}

static int read_string(
	struct reading *r, const yaml_node_t *node, const struct conf_field *f, char *at)
{
	if (!node->data.scalar.length)
		return bad(r, node, f->name, "must not be empty", NULL);
	if (node->data.scalar.length >= f->size || strlen(scalar(node)) != node->data.scalar.length)
		return bad(r, node, f->name, "too long:", scalar(node));
	memcpy(at, scalar(node), node->data.scalar.length + 1);
	return 0;
}

static int read_value(struct reading *r, yaml_node_t *node, const struct conf_field *f, char *into);

static int read_list(struct reading *r, yaml_node_t *node, const struct conf_field *f, char *into)
{
	yaml_node_item_t *i;
	size_t n = 0;

	for (i = node->data.sequence.items.start; i < node->data.sequence.items.top; i++, n++) {
		yaml_node_t *item = yaml_document_get_node(&r->document, *i);
		char *at = into + f->offset + n * f->size;
		int ret;

		if (n == f->most)
			return bad(r, item, f->name, "too many entries", NULL);
		if (f->item_default)
			memcpy(at, f->item_default, f->size);
		if (f->item)
			ret = read_value(r, item, f->item, at);
		else if (item->type != YAML_MAPPING_NODE)
			ret = bad(r, item, f->name, "each entry must be a mapping", NULL);
		else
			ret = read_mapping(r, item, f->name, f->fields, at);
		if (ret < 0)
			return ret;
	}
	memcpy(into + f->count_offset, &n, sizeof(n));
	return 0;
}

static int read_value(struct reading *r, yaml_node_t *node, const struct conf_field *f, char *into)
{
	char *at = into + f->offset;

	if (f->type == CONF_STRUCT)
		return node->type == YAML_MAPPING_NODE
			       ? read_mapping(r, node, f->name, f->fields, at)
			       : bad(r, node, f->name, "must be a mapping", NULL);
	if (f->type == CONF_LIST)
		return node->type == YAML_SEQUENCE_NODE
			       ? read_list(r, node, f, into)
			       : bad(r, node, f->name, "must be a list", NULL);
	if (node->type != YAML_SCALAR_NODE)
		return bad(r, node, f->name, "must be one value", NULL);
	switch (f->type) {
	case CONF_STRING: return read_string(r, node, f, at);
	case CONF_INTEGER:
	case CONF_REAL: return read_number(r, node, f, at);
	case CONF_BOOL: return read_bool(r, node, f, at);
	case CONF_WORD: return read_word(r, node, f, at);
	case CONF_HEX: return read_hex(r, node, f, at);
	case CONF_STRUCT:
	case CONF_LIST: break;
	}
	return bad(r, node, f->name, "has no reader", NULL);
}

static const struct conf_field *find_field(const struct conf_field *fields, const char *name)
{
	for (; fields->name; fields++)
		if (!strcmp(fields->name, name))
			return fields;
	return NULL;
}

static bool seen_before(
	struct reading *r, const yaml_node_t *node, const yaml_node_pair_t *pair, const char *name)
{
	for (yaml_node_pair_t *p = node->data.mapping.pairs.start; p < pair; p++) {
		yaml_node_t *k = yaml_document_get_node(&r->document, p->key);

		if (k->type == YAML_SCALAR_NODE && !strcmp(scalar(k), name))
			return true;
	}
	return false;
}

static bool has_key(struct reading *r, const yaml_node_t *node, const char *name)
{
	return seen_before(r, node, node->data.mapping.pairs.top, name);
}

static int read_mapping(struct reading *r, const yaml_node_t *node, const char *key,
	const struct conf_field *fields, char *into)
{
	yaml_node_pair_t *p;

	for (p = node->data.mapping.pairs.start; p < node->data.mapping.pairs.top; p++) {
		yaml_node_t *k = yaml_document_get_node(&r->document, p->key);
		const struct conf_field *f;
		int ret;

		if (k->type != YAML_SCALAR_NODE)
			return bad(r, k, key, "a key must be a word", NULL);
		f = find_field(fields, scalar(k));
		if (!f)
			return bad(r, k, scalar(k), "unknown key", NULL);
		if (seen_before(r, node, p, f->name))
			return bad(r, k, f->name, "given twice", NULL);
		ret = read_value(r, yaml_document_get_node(&r->document, p->value), f, into);
		if (ret < 0)
			return ret;
	}
	for (; fields->name; fields++)
		if (fields->required && !has_key(r, node, fields->name))
			return bad(r, node, fields->name, "missing", NULL);
	return 0;
}

static int parse_error(struct reading *r, const yaml_parser_t *parser)
{
	return err_set(r->err, E_CONFIG, "%s:%zu: %s", r->path, parser->problem_mark.line + 1,
		parser->problem ? parser->problem : "not YAML");
}

int conf_read(const char *path, const char *text, size_t length, const struct conf_field *fields,
	void *into, struct err *err)
{
	struct reading r = {.path = path, .err = err};
	yaml_parser_t parser;
	yaml_document_t more;
	yaml_node_t *root;
	int ret;

	if (memchr(text, '\0', length))
		return err_set(err, E_CONFIG, "%s:1: holds a NUL byte: not YAML", path);
	if (!yaml_parser_initialize(&parser))
		return err_set(err, E_SYSTEM, "%s: out of memory", path);
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, length);
	if (!yaml_parser_load(&parser, &r.document)) {
		ret = parse_error(&r, &parser);
		goto out_parser;
	}
	root = yaml_document_get_root_node(&r.document);
	if (!root)
		ret = err_set(err, E_CONFIG, "%s:1: empty", path);
	else if (root->type != YAML_MAPPING_NODE)
		ret = bad(&r, root, "file", "must be a mapping", NULL);
	else
		ret = read_mapping(&r, root, "file", fields, into);
	if (ret == 0 && !yaml_parser_load(&parser, &more)) {
		ret = parse_error(&r, &parser);
	} else if (ret == 0) {
		root = yaml_document_get_root_node(&more);
		if (root)
			ret = bad(&r, root, "file", "holds more than one document", NULL);
		yaml_document_delete(&more);
	}
	yaml_document_delete(&r.document);
out_parser:
	yaml_parser_delete(&parser);
	return ret;
}
