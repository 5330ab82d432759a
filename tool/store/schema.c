#include "store/schema.h"

#include "store/store.h"

const char *const store_schema[] = {
	/* id of the store, name of its station */
	"CREATE TABLE meta("
	"  name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;",

	/* state follows from the acts */
	"CREATE TABLE jobs("
	"  id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, product TEXT NOT NULL,"
	"  key_set TEXT NOT NULL,"
	"  digest TEXT NOT NULL, cards INTEGER NOT NULL, added TEXT NOT NULL,"
	"  terms TEXT NOT NULL, realm TEXT NOT NULL CHECK(realm IN ('LAB','PRODUCTION')),"
	"  signer TEXT NOT NULL, allotment TEXT NOT NULL,"
	"  state TEXT NOT NULL DEFAULT 'OPEN' CHECK(state IN ('OPEN','BLOCKED','CLOSED')));",

	"CREATE TABLE units("
	"  serial TEXT PRIMARY KEY, first_seen TEXT NOT NULL);",

	/* state, unit and slot follow from the moves */
	"CREATE TABLE cards("
	"  id INTEGER PRIMARY KEY, number TEXT NOT NULL UNIQUE,"
	"  job TEXT NOT NULL REFERENCES jobs(name),"
	"  position INTEGER NOT NULL, valid_from TEXT NOT NULL, valid_to TEXT NOT NULL,"
	"  extended TEXT NOT NULL, keys TEXT NOT NULL DEFAULT '',"
	"  state TEXT NOT NULL CHECK(state IN ('AVAILABLE','RESERVED','INTENT','WRITTEN','PROVEN',"
	"    'COMMITTED','REJECTED','QUARANTINE','SPOILED')),"
	"  unit TEXT UNIQUE REFERENCES units(serial), slot INTEGER,"
	"  CHECK(unit IS NULL OR state <> 'AVAILABLE'),"
	"  CHECK(unit IS NOT NULL OR state IN ('AVAILABLE','QUARANTINE','SPOILED')));",
	"CREATE INDEX cards_by_state ON cards(job, state, position);",

	/* every change of a card's state, in order, never changed; attempt 0: a person's */
	"CREATE TABLE moves("
	"  id INTEGER PRIMARY KEY, number TEXT NOT NULL REFERENCES cards(number),"
	"  was TEXT NOT NULL, becomes TEXT NOT NULL, unit TEXT NOT NULL, slot INTEGER NOT NULL,"
	"  attempt INTEGER NOT NULL, at TEXT NOT NULL, proof TEXT);",
	"CREATE INDEX moves_by_card ON moves(number);",

	"CREATE TABLE attempts("
	"  id INTEGER PRIMARY KEY, label TEXT NOT NULL REFERENCES units(serial),"
	"  try INTEGER NOT NULL, slot INTEGER NOT NULL, job TEXT NOT NULL,"
	"  job_digest TEXT NOT NULL, plan TEXT NOT NULL, plan_digest TEXT NOT NULL,"
	"  profile TEXT NOT NULL, profile_digest TEXT NOT NULL, fixture TEXT NOT NULL,"
	"  fixture_digest TEXT NOT NULL, steps INTEGER NOT NULL, jig TEXT NOT NULL,"
	"  version TEXT NOT NULL, lab INTEGER NOT NULL, operator TEXT NOT NULL,"
	"  started TEXT NOT NULL, started_ms INTEGER NOT NULL, ended TEXT, ms INTEGER,"
	"  verdict TEXT, code TEXT, cause TEXT, action TEXT, card TEXT, card_state TEXT);",
	"CREATE INDEX attempts_by_unit ON attempts(label);",
	"CREATE INDEX attempts_open ON attempts(id) WHERE verdict IS NULL;",

	"CREATE TABLE steps("
	"  id INTEGER PRIMARY KEY, attempt INTEGER NOT NULL REFERENCES attempts(id),"
	"  position INTEGER NOT NULL, step TEXT NOT NULL, verdict TEXT NOT NULL,"
	"  code TEXT NOT NULL, cause TEXT NOT NULL, note TEXT NOT NULL, ms INTEGER NOT NULL,"
	"  ended TEXT NOT NULL, UNIQUE(attempt, position));",

	"CREATE TABLE measurements("
	"  id INTEGER PRIMARY KEY, step INTEGER NOT NULL REFERENCES steps(id),"
	"  name TEXT NOT NULL, value REAL, unit TEXT NOT NULL, low REAL NOT NULL,"
	"  high REAL NOT NULL, marginal REAL NOT NULL, judgement TEXT NOT NULL);",
	"CREATE INDEX measurements_by_step ON measurements(step);",

	"CREATE TABLE apdus("
	"  id INTEGER PRIMARY KEY, step INTEGER NOT NULL REFERENCES steps(id),"
	"  carrier TEXT NOT NULL, command TEXT NOT NULL, response TEXT NOT NULL,"
	"  us INTEGER NOT NULL, error TEXT);",
	"CREATE INDEX apdus_by_step ON apdus(step);",

	/* factory payments, written before they are sent; what became of them is beside */
	"CREATE TABLE payments("
	"  id INTEGER PRIMARY KEY, number TEXT NOT NULL REFERENCES cards(number),"
	"  unit TEXT NOT NULL, attempt INTEGER NOT NULL,"
	"  kind TEXT NOT NULL CHECK(kind IN ('load','purchase')), amount_cents INTEGER NOT NULL,"
	"  terminal TEXT NOT NULL, sequence TEXT NOT NULL, date TEXT NOT NULL, time TEXT NOT NULL,"
	"  counter INTEGER NOT NULL, balance_cents INTEGER NOT NULL,"
	"  overdraft_cents INTEGER NOT NULL, random TEXT NOT NULL, key_index INTEGER NOT NULL,"
	"  at TEXT NOT NULL);",
	"CREATE INDEX payments_by_card ON payments(number);",
	"CREATE TABLE payment_ends("
	"  payment INTEGER PRIMARY KEY REFERENCES payments(id),"
	"  outcome TEXT NOT NULL CHECK(outcome IN ('DONE','UNDONE','BAD')), tac TEXT NOT NULL,"
	"  attempt INTEGER NOT NULL, at TEXT NOT NULL);",

	/* what persons and commands did to jobs and to the store itself */
	"CREATE TABLE acts("
	"  id INTEGER PRIMARY KEY, act TEXT NOT NULL, job TEXT NOT NULL, subject TEXT NOT NULL,"
	"  persons TEXT NOT NULL, reason TEXT NOT NULL, at TEXT NOT NULL);",
	"CREATE INDEX acts_by_subject ON acts(subject);",

	"CREATE TABLE chain("
	"  sequence INTEGER PRIMARY KEY, kind TEXT NOT NULL, row INTEGER NOT NULL,"
	"  digest TEXT NOT NULL, hash TEXT NOT NULL);",
	"CREATE TABLE heads("
	"  sequence INTEGER PRIMARY KEY, issued INTEGER NOT NULL, signature TEXT NOT NULL);",
	NULL,
};

static const char *const tables_1[] = {
	"apdus", "measurements", "steps", "attempts", "moves", "cards", "units", "jobs", NULL};

/* Jobs of schema 1 came unsigned: their cards are not issued any more (migrate.c says why). */
static const char copy_1[] =
	"INSERT INTO jobs SELECT rowid, name, product, key_set, digest, cards, added, '{}', 'LAB', '', '',"
	"  'BLOCKED' FROM old_jobs;"
	"INSERT INTO units SELECT serial, first_seen FROM old_units;"
	"INSERT INTO cards SELECT rowid, number, job, position, valid_from, valid_to, extended, '', state,"
	"  unit, slot FROM old_cards;"
	"INSERT INTO moves SELECT id, number, was, becomes, unit, slot, attempt, at, proof"
	"  FROM old_moves;"
	"INSERT INTO attempts SELECT id, label, try, slot, job, job_digest, plan, plan_digest, profile,"
	"  profile_digest, fixture, fixture_digest, steps, jig, version, lab, '', started, started_ms,"
	"  ended, ms, verdict, code, cause, CASE WHEN verdict IS NULL THEN NULL ELSE '' END, card,"
	"  (SELECT state FROM old_cards c WHERE c.number = old_attempts.card) FROM old_attempts;"
	"INSERT INTO steps SELECT id, attempt, position, step, verdict, code, cause, note, ms, ended"
	"  FROM old_steps;"
	"INSERT INTO measurements SELECT id, step, name, value, unit, low, high, marginal, judgement"
	"  FROM old_measurements;"
	"INSERT INTO apdus SELECT id, step, carrier, command, response, us, error FROM old_apdus;";

const struct store_upgrade store_upgrades[STORE_SCHEMA - 1] = {
	{tables_1, "DROP INDEX cards_by_state;", copy_1}};
