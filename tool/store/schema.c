#include "store/schema.h"

const char store_schema[] =
	"CREATE TABLE jobs("
	"  name TEXT PRIMARY KEY, product TEXT NOT NULL, key_set TEXT NOT NULL,"
	"  digest TEXT NOT NULL, cards INTEGER NOT NULL, added TEXT NOT NULL);"

	"CREATE TABLE units("
	"  serial TEXT PRIMARY KEY, first_seen TEXT NOT NULL);"

	"CREATE TABLE cards("
	"  number TEXT PRIMARY KEY, job TEXT NOT NULL REFERENCES jobs(name), position INTEGER NOT NULL,"
	"  valid_from TEXT NOT NULL, valid_to TEXT NOT NULL, extended TEXT NOT NULL,"
	"  state TEXT NOT NULL CHECK(state IN ('AVAILABLE','RESERVED','INTENT','WRITTEN','PROVEN',"
	"    'COMMITTED','REJECTED','QUARANTINE','SPOILED')),"
	"  unit TEXT UNIQUE REFERENCES units(serial), slot INTEGER,"
	"  CHECK((state = 'AVAILABLE') = (unit IS NULL)));"
	"CREATE INDEX cards_by_state ON cards(job, state, position);"

	/* every change of a card's state, in order, never changed */
	"CREATE TABLE moves("
	"  id INTEGER PRIMARY KEY, number TEXT NOT NULL REFERENCES cards(number),"
	"  was TEXT NOT NULL, becomes TEXT NOT NULL, unit TEXT NOT NULL, slot INTEGER NOT NULL,"
	"  attempt INTEGER NOT NULL, at TEXT NOT NULL, proof TEXT);"

	"CREATE TABLE attempts("
	"  id INTEGER PRIMARY KEY, label TEXT NOT NULL REFERENCES units(serial), try INTEGER NOT NULL,"
	"  slot INTEGER NOT NULL, job TEXT NOT NULL, job_digest TEXT NOT NULL,"
	"  plan TEXT NOT NULL, plan_digest TEXT NOT NULL, profile TEXT NOT NULL,"
	"  profile_digest TEXT NOT NULL, fixture TEXT NOT NULL, fixture_digest TEXT NOT NULL,"
	"  steps INTEGER NOT NULL, jig TEXT NOT NULL, version TEXT NOT NULL, lab INTEGER NOT NULL,"
	"  started TEXT NOT NULL, started_ms INTEGER NOT NULL, ended TEXT, ms INTEGER,"
	"  verdict TEXT, code TEXT, cause TEXT, card TEXT);"

	"CREATE TABLE steps("
	"  id INTEGER PRIMARY KEY, attempt INTEGER NOT NULL REFERENCES attempts(id),"
	"  position INTEGER NOT NULL, step TEXT NOT NULL, verdict TEXT NOT NULL, code TEXT NOT NULL,"
	"  cause TEXT NOT NULL, note TEXT NOT NULL, ms INTEGER NOT NULL, ended TEXT NOT NULL,"
	"  UNIQUE(attempt, position));"

	"CREATE TABLE measurements("
	"  id INTEGER PRIMARY KEY, step INTEGER NOT NULL REFERENCES steps(id), name TEXT NOT NULL,"
	"  value REAL, unit TEXT NOT NULL, low REAL NOT NULL, high REAL NOT NULL,"
	"  marginal REAL NOT NULL, judgement TEXT NOT NULL);"

	"CREATE TABLE apdus("
	"  id INTEGER PRIMARY KEY, step INTEGER NOT NULL REFERENCES steps(id), carrier TEXT NOT NULL,"
	"  command TEXT NOT NULL, response TEXT NOT NULL, us INTEGER NOT NULL, error TEXT);";
