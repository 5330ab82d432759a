/*
 * The card ledger with a crash possible after every durable step, as tool/store and tool/slot have it.
 *
 * Durable are the ledger (state, owner, paid), the head outside (issued) and what the units hold. What
 * the station knows else is lost by a crash. States and moves have the names of tool/plan/cards.c;
 * tests/system/model.py compares the two lists of moves.
 *
 * Shown: no card in two units, no unit with two cards, nothing lost, nothing paid twice, the sums
 * balanced, and that a unit in work can always be finished or terminated: from wherever crashes and
 * faults have led, one more test of each unit settles it or leaves a reject that can be terminated (an
 * invalid end state would say that it does not).
 */
mtype = { AVAILABLE, RESERVED, INTENT, WRITTEN, PROVEN, COMMITTED, REJECTED, QUARANTINE, SPOILED };

#define UNITS 2
#define CARDS 3

/* the ledger */
mtype state[CARDS] = AVAILABLE;
byte owner[CARDS];	/* unit + 1, 0: nobody */
byte paid[CARDS];	/* 0 not, 1 on its way, 2 done */
byte issued;		/* outside of the store: cards below this number may have been issued */

/* the units */
byte holds[UNITS];	/* card + 1, 0: blank */
byte spent[UNITS];	/* purchases that really happened */
bool blocked[UNITS];
bool tested[UNITS];	/* once more, when it was calm */
bool away[UNITS];	/* shipped, scrapped or put aside */

/* a copy of the ledger, which somebody may put in its place */
mtype copy_state[CARDS] = AVAILABLE;
byte copy_owner[CARDS], copy_paid[CARDS];
bool copied, restored;

byte crashes, faults, losses;	/* how much may still go wrong */

#ifndef MAY_CRASH
#define MAY_CRASH 3
#define MAY_FAIL 2
#endif
#define MAY_LOSE 1

#define KNOWN(u, c) (holds[u] != c + 1 || owner[c] == u + 1 || \
	(owner[c] == 0 && (state[c] == QUARANTINE || state[c] == SPOILED)))
#define POOL(c) ((state[c] != AVAILABLE && state[c] != RESERVED) || \
	(holds[0] != c + 1 && holds[1] != c + 1))
#define HELD(c) (owner[c] != 0 || state[c] == AVAILABLE || state[c] == QUARANTINE || state[c] == SPOILED)
#define COUNT(s) ((state[0] == s) + (state[1] == s) + (state[2] == s))

inline check()
{
	/* no card in two units */
	assert(holds[0] == 0 || holds[0] != holds[1]);
	/* no unit with two cards */
	assert(!(owner[0] && (owner[0] == owner[1] || owner[0] == owner[2])) &&
		!(owner[1] && owner[1] == owner[2]));
	/* nothing lost: what a unit holds is its own in the ledger, or in quarantine after a restore;
	 * nothing that a unit holds is in the pool */
	assert(KNOWN(0, 0) && KNOWN(0, 1) && KNOWN(0, 2) && KNOWN(1, 0) && KNOWN(1, 1) && KNOWN(1, 2));
	assert(POOL(0) && POOL(1) && POOL(2));
	assert(HELD(0) && HELD(1) && HELD(2));
	/* nothing paid twice */
	assert(spent[0] <= 1 && spent[1] <= 1);
	/* the sums are balanced */
	assert(COUNT(AVAILABLE) + COUNT(RESERVED) + COUNT(INTENT) + COUNT(WRITTEN) + COUNT(PROVEN) +
		COUNT(COMMITTED) + COUNT(REJECTED) + COUNT(QUARANTINE) + COUNT(SPOILED) == CARDS)
}

/* A move inside of a transaction; what must hold is looked at when it commits. */
inline shift(c, was, becomes)
{
	assert(state[c] == was);
	state[c] = becomes
}

/* A move that is a transaction. */
inline move(c, was, becomes)
{
	atomic {
		shift(c, was, becomes);
		check()
	}
}

inline crash()
{
	if
	:: crashes < MAY_CRASH -> crashes++; goto recover
	:: true
	fi
}

#define IN_WORK(c) (state[c] == INTENT || state[c] == WRITTEN || state[c] == PROVEN)
#define SETTLED(c) (state[c] == AVAILABLE || state[c] == COMMITTED || state[c] == SPOILED)
#define WAITS(c) (owner[c] && !away[owner[c] - 1])
#define CAN_TERMINATE(c) (state[c] == REJECTED && WAITS(c))
/* When nothing can go wrong any more, one test of a unit must be enough. */
#define CALM (crashes == MAY_CRASH && faults == MAY_FAIL)
#define CAN_TEST(u) (!away[u] && !(CALM && tested[u]))

/* The card of unit u, else the first one of the pool. CARDS: there is none. */
inline find_card()
{
	c = 0;
	do
	:: c < CARDS && owner[c] != u + 1 -> c++
	:: else -> break
	od;
	if
	:: c == CARDS ->
		c = 0;
		do
		:: c < CARDS && state[c] != AVAILABLE -> c++
		:: else -> break
		od
	:: else
	fi
}

/* The unit is bad: what that means for its card. */
inline fail()
{
	if
	:: state[c] == INTENT -> move(c, INTENT, REJECTED)
	:: state[c] == WRITTEN -> move(c, WRITTEN, REJECTED)
	:: state[c] == PROVEN -> move(c, PROVEN, REJECTED)
	:: else
	fi
}

active proctype station()
{
	byte u, c;

idle:
	if
	/* an operator puts a unit in */
	:: CAN_TEST(0) -> u = 0; goto test
	:: CAN_TEST(1) -> u = 1; goto test
	/* a reject is terminated */
	:: CAN_TERMINATE(0) -> c = 0; goto terminate
	:: CAN_TERMINATE(1) -> c = 1; goto terminate
	:: CAN_TERMINATE(2) -> c = 2; goto terminate
	/* a unit is lost: nobody can say what became of it (or: the restored ledger waits for one that
	 * was shipped) */
	:: (IN_WORK(0) || state[0] == REJECTED) && (losses < MAY_LOSE || !WAITS(0)) -> c = 0; goto lost
	:: (IN_WORK(1) || state[1] == REJECTED) && (losses < MAY_LOSE || !WAITS(1)) -> c = 1; goto lost
	:: (IN_WORK(2) || state[2] == REJECTED) && (losses < MAY_LOSE || !WAITS(2)) -> c = 2; goto lost
	:: state[0] == QUARANTINE -> c = 0; goto resolve
	:: state[1] == QUARANTINE -> c = 1; goto resolve
	:: state[2] == QUARANTINE -> c = 2; goto resolve
	/* a copy is made, and put back another day */
	:: !copied -> goto backup
	:: copied && !restored && !CALM -> goto restore
	:: SETTLED(0) && SETTLED(1) && SETTLED(2) && !CAN_TEST(0) && !CAN_TEST(1) -> goto end_of_job
	fi;

test:
	if
	:: CALM -> tested[u] = true
	:: else
	fi;
	find_card();
	if
	:: c == CARDS -> away[u] = true; goto idle	/* CARD-NONE */
	:: else
	fi;
	if
	:: state[c] == COMMITTED || state[c] == SPOILED || state[c] == QUARANTINE ->
		away[u] = true; goto idle		/* refused: it has its card */
	:: state[c] == AVAILABLE ->
		atomic { owner[c] = u + 1; move(c, AVAILABLE, RESERVED) };
		crash()
	:: else
	fi;
	/* the unit is asked first */
	if
	:: blocked[u] -> goto aside
	:: holds[u] == 0 && (state[c] == WRITTEN || state[c] == PROVEN) -> fail(); goto idle
	:: holds[u] == 0 && state[c] == RESERVED ->
		atomic {
			move(c, RESERVED, INTENT);
			if :: issued < c + 1 -> issued = c + 1 :: else fi
		};
		crash()
	:: holds[u] == 0 && state[c] == REJECTED -> move(c, REJECTED, INTENT); crash()
	:: holds[u] == 0 && state[c] == INTENT
	:: holds[u] == c + 1 && state[c] != RESERVED -> goto found
	:: holds[u] && holds[u] != c + 1 && state[c] == INTENT -> move(c, INTENT, QUARANTINE); goto aside
	:: holds[u] && holds[u] != c + 1 && state[c] == WRITTEN -> move(c, WRITTEN, QUARANTINE); goto aside
	:: holds[u] && holds[u] != c + 1 && state[c] == PROVEN -> move(c, PROVEN, QUARANTINE); goto aside
	:: holds[u] && holds[u] != c + 1 && state[c] == REJECTED -> move(c, REJECTED, QUARANTINE); goto aside
	:: holds[u] && state[c] == RESERVED -> goto aside	/* a stranger */
	fi;

	/* STORE DATA: all or nothing, its answer may be lost */
	atomic { holds[u] = c + 1; check() };
	crash();
	if
	:: faults < MAY_FAIL -> faults++; fail(); goto idle	/* a wrong receipt */
	:: true
	fi;

found:
	if
	:: state[c] == INTENT -> move(c, INTENT, WRITTEN)
	:: state[c] == REJECTED -> move(c, REJECTED, WRITTEN)
	:: else	/* WRITTEN, PROVEN */
	fi;
	crash();

	/* what the ledger thinks was paid must be what the unit says */
	if
	:: paid[c] == 1 ->
		if
		:: spent[u] -> paid[c] = 2
		:: else -> paid[c] = 0
		fi
	:: else
	fi;
	crash();
	if
	:: (paid[c] == 2) != (spent[u] == 1) -> fail(); goto idle
	:: paid[c] == 0 && spent[u] == 0 ->
		paid[c] = 1;		/* durable before DEBIT is sent */
		crash();
		atomic { spent[u]++; check() };
		crash();
		paid[c] = 2
	:: else
	fi;
	if
	:: faults < MAY_FAIL -> faults++; fail(); goto idle	/* a wrong MAC2 */
	:: true
	fi;
	if
	:: state[c] == WRITTEN -> move(c, WRITTEN, PROVEN)
	:: else
	fi;
	crash();
	if
	:: faults < MAY_FAIL -> faults++; fail(); goto idle	/* any check after it */
	:: true
	fi;
	move(c, PROVEN, COMMITTED);
	away[u] = true;
	goto idle;

aside:
	if
	:: state[c] == RESERVED -> atomic { owner[c] = 0; move(c, RESERVED, AVAILABLE) }
	:: else -> fail()
	fi;
	if
	:: state[c] != REJECTED -> away[u] = true
	:: else
	fi;
	goto idle;

terminate:
	u = owner[c] - 1;
	if
	:: blocked[u] = true; crash(); move(c, REJECTED, SPOILED)
	:: move(c, REJECTED, SPOILED)	/* it can't be blocked: two persons destroy it */
	fi;
	away[u] = true;
	goto idle;

lost:
	losses = losses + (losses < MAY_LOSE);
	if
	:: state[c] == INTENT -> move(c, INTENT, QUARANTINE)
	:: state[c] == WRITTEN -> move(c, WRITTEN, QUARANTINE)
	:: state[c] == PROVEN -> move(c, PROVEN, QUARANTINE)
	:: state[c] == REJECTED -> move(c, REJECTED, QUARANTINE)
	fi;
	goto idle;

resolve:
	if
	:: WAITS(c) -> move(c, QUARANTINE, REJECTED)	/* the unit was found */
	:: move(c, QUARANTINE, SPOILED); 		/* two persons */
		if
		:: owner[c] -> away[owner[c] - 1] = true
		:: else
		fi
	fi;
	goto idle;

backup:
	atomic {
		c = 0;
		do
		:: c < CARDS ->
			copy_state[c] = state[c]; copy_owner[c] = owner[c]; copy_paid[c] = paid[c]; c++
		:: else -> break
		od;
		copied = true
	};
	goto idle;

restore:
	/* The head outside says that it is old; two persons accept it, in one transaction: attempts that
	 * were open end, what may have been issued since goes to quarantine. */
	atomic {
		restored = true;
		c = 0;
		do
		:: c < CARDS ->
			state[c] = copy_state[c]; owner[c] = copy_owner[c]; paid[c] = copy_paid[c];
			if
			:: state[c] == RESERVED -> owner[c] = 0; shift(c, RESERVED, AVAILABLE)
			:: else
			fi;
			if
			:: state[c] == AVAILABLE && c < issued -> shift(c, AVAILABLE, QUARANTINE)
			:: else
			fi;
			c++
		:: else -> break
		od;
		check()
	};
	goto idle;

recover:
	/* attempts that were open end as ERROR: what was only reserved goes back */
	c = 0;
	do
	:: c < CARDS && state[c] == RESERVED ->
		atomic { owner[c] = 0; move(c, RESERVED, AVAILABLE) };
		c++
	:: c < CARDS && state[c] != RESERVED -> c++
	:: else -> break
	od;
	goto idle;

end_of_job:
	assert(SETTLED(0) && SETTLED(1) && SETTLED(2))
}
