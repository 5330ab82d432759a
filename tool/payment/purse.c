#include "payment/purse.h"

#include <string.h>

enum {
	START_LOAD = 16,
	START_PURCHASE = 15,
	LOG_RECORD = 23,
};

/* A cursor that appends: each MAC input is a row of fields, as the standard prints it. */
struct writer {
	uint8_t *at;
	size_t n;
};

static void put(struct writer *w, const void *bytes, size_t n)
{
	memcpy(w->at + w->n, bytes, n);
	w->n += n;
}

static void put_number(struct writer *w, uint32_t v, size_t bytes)
{
	while (bytes--)
		w->at[w->n++] = (uint8_t)(v >> 8 * bytes);
}

static uint32_t get_number(const uint8_t *p, size_t bytes)
{
	uint32_t v = 0;

	while (bytes--)
		v = v << 8 | *p++;
	return v;
}

struct apdu purse_select(const uint8_t *aid, size_t n)
{
	return apdu_make(0x00A40400, aid, n, 0);
}

struct apdu purse_verify_pin(const uint8_t *pin, size_t n)
{
	return apdu_make(0x00200000, pin, n, APDU_NO_LE);
}

struct apdu purse_read_ef15(size_t length)
{
	return apdu_make(0x00B09500, NULL, 0, (int)length);
}

struct apdu purse_get_balance(void)
{
	return apdu_make(0x805C0002, NULL, 0, 4);
}

struct apdu purse_initialize(const struct purse_terms *terms, uint8_t key_index)
{
	bool load = terms->type == PURSE_TYPE_LOAD;
	uint8_t data[11];
	struct writer w = {data, 0};

	put_number(&w, key_index, 1);
	put_number(&w, terms->amount_cents, 4);
	put(&w, terms->terminal, 6);
	return apdu_make(
		load ? 0x80500002 : 0x80500102, data, w.n, load ? START_LOAD : START_PURCHASE);
}

struct apdu purse_credit(const struct purse_terms *terms, const uint8_t mac2[4])
{
	uint8_t data[11];
	struct writer w = {data, 0};

	put(&w, terms->date, 4);
	put(&w, terms->time, 3);
	put(&w, mac2, 4);
	return apdu_make(0x80520000, data, w.n, 4);
}

struct apdu purse_debit(const struct purse_terms *terms, const uint8_t mac1[4])
{
	uint8_t data[15];
	struct writer w = {data, 0};

	put(&w, terms->sequence, 4);
	put(&w, terms->date, 4);
	put(&w, terms->time, 3);
	put(&w, mac1, 4);
	return apdu_make(0x80540100, data, w.n, 8);
}

struct apdu purse_prove(uint8_t type, uint16_t counter)
{
	uint8_t data[2] = {(uint8_t)(counter >> 8), (uint8_t)counter};

	return apdu_make(0x805A0000U | type, data, 2, 8);
}

struct apdu purse_read_log(uint8_t record)
{
	return apdu_make(0x00B200C4U | (uint32_t)record << 8, NULL, 0, LOG_RECORD);
}

static int wrong_length(const char *what, size_t n, size_t right, struct err *err)
{
	return err_set(err, E_PROTOCOL, "%s answers %zu bytes, must be %zu", what, n, right);
}

int purse_parse_balance(const uint8_t *data, size_t n, uint32_t *cents, struct err *err)
{
	if (n != 4)
		return wrong_length("GET BALANCE", n, 4, err);
	*cents = get_number(data, 4);
	return 0;
}

int purse_parse_start(const uint8_t *data, size_t n, enum purse_type type,
	struct purse_start *start, struct err *err)
{
	bool load = type == PURSE_TYPE_LOAD;
	size_t right = load ? START_LOAD : START_PURCHASE;
	size_t after_counter = load ? 6 : 9;

	if (n != right)
		return wrong_length(
			load ? "INITIALIZE FOR LOAD" : "INITIALIZE FOR PURCHASE", n, right, err);
	*start = (struct purse_start){
		.balance_cents = get_number(data, 4),
		.counter = (uint16_t)get_number(data + 4, 2),
		.overdraft_cents = load ? 0 : get_number(data + 6, 3),
		.key_version = data[after_counter],
		.algorithm = data[after_counter + 1],
	};
	memcpy(start->random, data + after_counter + 2, 4);
	if (load)
		memcpy(start->mac1, data + after_counter + 6, 4);
	return 0;
}

int purse_parse_log(const uint8_t *data, size_t n, struct purse_log *log, struct err *err)
{
	if (n != LOG_RECORD)
		return wrong_length("READ RECORD", n, LOG_RECORD, err);
	*log = (struct purse_log){
		.counter = (uint16_t)get_number(data, 2),
		.overdraft_cents = get_number(data + 2, 3),
		.amount_cents = get_number(data + 5, 4),
		.type = data[9],
	};
	memcpy(log->terminal, data + 10, 6);
	memcpy(log->date, data + 16, 4);
	memcpy(log->time, data + 20, 3);
	return 0;
}

void purse_session_input(
	const struct purse_terms *terms, const struct purse_start *start, uint8_t input[8])
{
	static const uint8_t load_tail[2] = {0x80, 0x00};
	struct writer w = {input, 0};

	put(&w, start->random, 4);
	put_number(&w, start->counter, 2);
	put(&w, terms->type == PURSE_TYPE_PURCHASE ? terms->sequence + 2 : load_tail, 2);
}

size_t purse_mac_input(enum purse_mac which, const struct purse_terms *terms,
	const struct purse_start *start, uint8_t out[PURSE_MAC_INPUT])
{
	struct writer w = {out, 0};

	switch (which) {
	case PURSE_LOAD_MAC1: put_number(&w, start->balance_cents, 4); break;
	case PURSE_LOAD_TAC:
		put_number(&w, start->balance_cents + terms->amount_cents, 4);
		put_number(&w, start->counter, 2);
		break;
	case PURSE_LOAD_MAC2:
	case PURSE_PURCHASE_MAC1:
	case PURSE_PURCHASE_MAC2:
	case PURSE_PURCHASE_TAC: break;
	}
	put_number(&w, terms->amount_cents, 4);
	if (which == PURSE_PURCHASE_MAC2)
		return w.n;
	put_number(&w, terms->type, 1);
	put(&w, terms->terminal, 6);
	if (which == PURSE_PURCHASE_TAC)
		put(&w, terms->sequence, 4);
	if (which != PURSE_LOAD_MAC1) {
		put(&w, terms->date, 4);
		put(&w, terms->time, 3);
	}
	return w.n;
}
