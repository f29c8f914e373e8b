/* The protocol of renewing, for spin (spinroot.com): writers that hold, claim, renew, publish and
 * take over one login through a store without compare-and-swap, and readers that follow.
 *
 *   tests/model/run                    every run of it that `make check` makes
 *
 * What may happen, between any two calls to the store and in any order: a machine is cut off, crashes
 * (what it has not saved is lost), syncs on what it read long ago; its clock differs from the
 * others'; its clients run before it has synced; a person logs in on any writer; a renewal is
 * refused, or its answer is lost, or the client does not even ask.
 *
 * What is proved, for the numbers below:
 *   - no machine sends a refresh token when another machine, or the store, has what came of it: of
 *     a login, one living refresh token at most is spent;
 *   - from wherever the fleet has come to, two syncs of each machine end with the newest login
 *     everywhere, in both values of the store, and with its refresh token on one machine at most:
 *     nothing older stays, in the store or anywhere;
 *   - LIVE: when nothing more happens, that comes about by itself, whoever syncs when.
 *
 * Time.  A login is `due` when every clock says that it is about to expire; before that each
 * machine's clock may say so or not.  Others take over only what is due by their clocks, which is 6
 * minutes after the holder's lays it down by its own: clocks may differ by that much.
 *
 * Assumed, and not modelled:
 *   - a machine does not fall asleep between a client's look at its file and its request;
 *   - what a machine has not published to its end, and what its client refreshed without a claim
 *     (after a 401), is hours from being due, and it reaches the store once more before that;
 *   - a put takes effect while its machine waits for the answer, or within the time-out after a
 *     crash, which the machine sits out (claim.c, take_up);
 *   - nobody uses `renew --force`.
 *
 * The names are those of src/relay: decide.c, engine.c, shelf.c, claim.c, renew.c. */

#ifndef WRITERS
#define WRITERS 2
#endif
#ifndef READERS
#define READERS 0
#endif
#ifndef HUMANS
#define HUMANS 0 /* logins by a person, besides the first */
#endif
#ifndef RENEWALS
#define RENEWALS 1
#endif
#ifndef CRASHES
#define CRASHES 1
#endif
#ifndef FAILURES
#define FAILURES 1 /* of a client that is to refresh: refused, no answer, not even asked */
#endif
#ifndef VERSIONS
#define VERSIONS 9 /* of each value; a longer history is not looked at */
#endif

#define MACHINES (WRITERS + READERS)
#define LOGINS   (2 + HUMANS + RENEWALS)

/* ---- the vendor ---- */

byte made = 1;      /* logins are numbered as they are made; 0 is none */
byte month[LOGINS]; /* which of the person's logins it comes of: its deadline */
bool spent[LOGINS]; /* the server has taken its refresh token */
bool due[LOGINS];

#define beats(a, b) ((b) == 0 || month[a] > month[b] || (month[a] == month[b] && (a) > (b)))

/* ---- the store: every version of its two values ---- */

typedef renewable_value { byte login; byte holder; bool renewing };
renewable_value renewable[VERSIONS];
byte shared[VERSIONS];
byte renewable_top = 1, shared_top = 1;

/* ---- what a machine keeps over a crash ---- */

typedef machine {
    byte file;      /* the login; 0: blank */
    bool token;     /* with its refresh token */
    byte step;      /* memory: the version in step with */
    byte seen;      /* memory: a bit for each login */
    byte entrusted; /* memory: the store is known to have its refresh token */
    byte claimed;   /* memory: the claim that was won */
    byte refused;   /* memory: its renewal was refused here */
    byte pending;   /* assumed to be settled before it is due: a login not published to its end, */
    byte behind;    /* and those refreshed without a claim, a bit for each */
};
machine m[MACHINES];

byte humans = HUMANS, renewals = RENEWALS, crashes = CRASHES, failures = FAILURES;
bool over;     /* everything stops */
bool settling; /* it has; syncs, one after the other */
byte running;  /* machines that have not stopped */
bool too_long; /* the history did not suffice: this path says nothing */

#define saw(me, login)      m[me].seen = m[me].seen | (1 << (login))
#define has_seen(me, login) (m[me].seen & (1 << (login)))

#define doubted_by(who, login) (m[who].pending == (login) || (m[who].behind & (1 << (login))))
#if WRITERS == 2
#define doubted(login) (doubted_by(0, login) || doubted_by(1, login))
#else
#define doubted(login) (doubted_by(0, login) || doubted_by(1, login) || doubted_by(2, login))
#endif

/* A crash: what was being done is forgotten.  Inside atomic. */
#define MAY_CRASH \
    if \
    :: crashes > 0 -> crashes--; goto forget \
    :: true \
    fi

/* The calls to the store.  Each is one step, with what its machine makes of the answer; between two of
 * them anything may happen. */

inline put_renewable(what, whose, claims)
{
    if
    :: renewable_top < VERSIONS - 1
    :: else -> too_long = true; goto forget
    fi;
    renewable_top++;
    renewable[renewable_top].login = what;
    renewable[renewable_top].holder = whose;
    renewable[renewable_top].renewing = claims;
    put = renewable_top
}

inline put_shared_once(what)
{
    if
    :: shared_top < VERSIONS - 1
    :: else -> too_long = true; goto forget
    fi;
    shared_top++;
    shared[shared_top] = what;
    put = shared_top
}

inline look_shared()
{
    s = shared[shared_top];
    sv = shared_top
}

#define is_news(login) ((login) != s && !has_seen(me, login) && beats(login, s))

/* shelf.c, find_what_counts.  What is on top may have been put there too late, over what counts: of
 * the shared login that is the first claim since the last value that was no claim, else that value. */
inline look_renewable(me)
{
    xv = renewable_top;
    i = xv;
    if
    :: (renewable[i].login == s && !renewable[i].renewing) || is_news(renewable[i].login) ->
        best = i
    :: else ->
        best = 0;
        do
        :: i > 0 && renewable[i].login == s && renewable[i].renewing -> best = i; i--
        :: i > 0 && renewable[i].login == s && !renewable[i].renewing ->
            if
            :: best == 0 -> best = i
            :: else
            fi;
            break
        :: i > 0 && renewable[i].login != s -> i--
        :: i == 0 -> break
        od
    fi;
    if
    :: best == 0 -> best = xv
    :: else
    fi;
    x = renewable[best].login;
    holder = renewable[best].holder;
    renewing = renewable[best].renewing;
    best = 0;
    i = 0
}

/* shelf.c, restore_renewable: the winner's renewable value, which ours has covered, goes back on top. */
inline restore_renewable(me)
{
    atomic {
        i = renewable_top;
        do
        :: i > 0 && renewable[i].login != best -> i--
        :: i == 0 || renewable[i].login == best -> break
        od;
        if
        :: i == 0 || i == renewable_top -> i = 0; holder = 0
        :: else -> holder = renewable[i].holder; m[me].pending = best
        fi
    };
    atomic {
        if
        :: i != 0 -> i = 0; put_renewable(best, holder, false)
        :: else
        fi
    }
}

/* shelf.c, put_shared.  The later login of all that came between ends up on top. */
inline put_shared(what)
{
    best = what;
    do
    :: atomic {
        put_shared_once(best);
        got = best;
        i = put - 1;
        do
        :: i > sv && shared[i] != best && !beats(best, shared[i]) -> best = shared[i]; i--
        :: i > sv && (shared[i] == best || beats(best, shared[i])) -> i--
        :: i <= sv -> break
        od;
        i = 0;
        sv = put;
        if
        :: best == got -> got = 0; break
        :: else -> got = 0
        fi
       }
    od
}

/* A login made here is published, with this machine as its holder. */
inline publish(me)
{
    m[me].pending = m[me].file;
    put_renewable(m[me].file, me, false);
    MAY_CRASH;
    put_shared(m[me].file);
    if
    :: best != m[me].file -> restore_renewable(me)
    :: else
    fi;
    atomic {
        MAY_CRASH;
        m[me].step = put;
        saw(me, m[me].file);
        saw(me, best);
        if
        :: best == m[me].file -> m[me].entrusted = m[me].file
        :: else
        fi;
        m[me].pending = 0;
        m[me].behind = 0;
        best = 0
    }
}

#define whole          (x == s)
#define claimed_by(me) (renewing && holder == me && m[me].claimed == s)

/* By this machine's clock.  In the end the full form is given to whoever may have it. */
inline is_hot(login)
{
    if
    :: !settling && !doubted(login) -> hot = true
    :: settling || !due[login] -> hot = false
    fi
}

inline install(me)
{
    saw(me, m[me].file);
    m[me].file = s;
    m[me].token = whole && holder == me && !hot && m[me].refused != s
}

/* decide.c and engine.c, for a writer. */
inline sync(me)
{
    atomic { look_shared() };
    atomic {
        look_renewable(me);
        is_hot(s);
        if
        :: is_news(x) -> /* half published */
            if
            :: m[me].file != 0 && m[me].file != x && m[me].file != s &&
               !has_seen(me, m[me].file) && beats(m[me].file, x) -> publish(me)
            :: else -> put_shared(x); saw(me, best); best = 0
            fi
        :: else ->
            if
            :: m[me].file == s && m[me].token && !whole -> publish(me)
            :: m[me].file == s && m[me].token && whole ->
                if
                :: holder != me || (hot && !claimed_by(me)) -> m[me].token = false
                :: else
                fi
            :: m[me].file == s && !m[me].token ->
                m[me].token = whole && holder == me && !hot && m[me].refused != s
            :: m[me].file == 0 || (m[me].file != s && has_seen(me, m[me].file)) -> install(me)
            :: m[me].file != 0 && m[me].file != s && !has_seen(me, m[me].file) ->
                if
                :: m[me].step == sv || beats(m[me].file, s) -> publish(me)
                :: else -> install(me)
                fi
            fi;
            MAY_CRASH;
            if
            :: m[me].file == s ->
                saw(me, s);
                m[me].step = sv;
                if
                :: whole -> m[me].entrusted = s; m[me].pending = 0; m[me].behind = 0
                :: else
                fi
            :: else
            fi
        fi
    }
}

/* lay_down.c: what the wrapper does before a run, and the resident process in time, when the store
 * cannot be asked. */
inline lay_down(me)
{
#ifndef MUTANT_KEEPS_THE_TOKEN
    if
    :: m[me].token && m[me].entrusted == m[me].file && m[me].claimed != m[me].file ->
        m[me].token = false
    :: else
    fi
#else
    skip
#endif
}

#define later(login) (month[login] == month[m[me].file] && (login) > m[me].file)

/* Has somebody else what came of this refresh token? */
inline only_living(me)
{
    d_step {
        for (i : 1 .. renewable_top) {
            assert(!later(renewable[i].login))
        }
        for (i : 0 .. WRITERS - 1) {
            assert(i == me || !m[i].token || !later(m[i].file))
        }
        i = 0
    }
}

inline blank(me)
{
    m[me].refused = m[me].file;
    m[me].file = 0;
    m[me].token = false
}

/* A client that has a refresh token and wants to use it: its login is near its end, or was refused
 * with 401. */
inline client(me)
{
    if
    :: m[me].token ->
        only_living(me);
        if
        :: spent[m[me].file] -> blank(me)
        :: !spent[m[me].file] && failures > 0 -> /* revoked */
            failures--;
            spent[m[me].file] = true;
            blank(me)
        :: !spent[m[me].file] && failures > 0 -> /* the answer was lost */
            failures--;
            spent[m[me].file] = true
        :: !spent[m[me].file] && renewals > 0 ->
            renewals--;
            spent[m[me].file] = true;
            m[me].behind = m[me].behind | (m[me].claimed == m[me].file -> 0 : 1 << m[me].file);
            made++;
            month[made] = month[m[me].file];
            m[me].file = made
        :: failures > 0 -> failures-- /* it did not come to that */
        :: !spent[m[me].file] && failures == 0 && renewals == 0 /* nor is it to any more */
        fi
    :: else
    fi
}

/* A run under the wrapper.  Inside atomic. */
inline run_client(me)
{
    is_hot(m[me].file);
    if
    :: hot -> lay_down(me)
    :: else
    fi;
    client(me)
}

#ifdef MUTANT_CLAIMS_TIME_OUT
#define is_free(me) (holder == me || due[s])
#else
#define is_free(me) (!renewing && (holder == me || due[s]))
#endif

/* renew.c and claim.c: claim, install, renew; what came of it is published by the sync that follows,
 * or the claim is given back. */
inline renew(me)
{
    atomic { look_shared() };
    atomic {
        look_renewable(me);
        is_hot(s);
        if
        :: !whole || m[me].file != s || m[me].refused == s || !hot -> goto renewed
        :: else
        fi;
        if
        :: renewing && holder == me -> m[me].claimed = s; MAY_CRASH
        :: !(renewing && holder == me) && is_free(me) -> renewing = false
        :: !(renewing && holder == me) && !is_free(me) -> goto renewed
        fi
    };
    if
    :: renewing
    :: else ->
        atomic {
            put_renewable(x, me, true);
            MAY_CRASH;
            if
            :: put == xv + 1 -> m[me].claimed = s
#ifdef MUTANT_ALL_CLAIMS_WIN
            :: else -> m[me].claimed = s
#else
            :: else -> goto renewed
#endif
            fi
        }
    fi;
    /* The file is written only when it still has what was decided on. */
    atomic {
        if
        :: m[me].file == s -> m[me].token = true
        :: else -> goto renewed
        fi;
        MAY_CRASH
    };
    atomic {
        client(me);
        MAY_CRASH;
        if
        :: m[me].file == s -> /* as it was: somebody else may try */
            m[me].token = false;
            m[me].claimed = 0;
            MAY_CRASH
        :: else -> goto renewed
        fi
    };
    atomic {
        look_renewable(me);
        if
        :: x == s && holder == me && renewing
        :: else -> goto renewed
        fi
    };
    atomic {
        put_renewable(s, me, false);
        MAY_CRASH
    };
renewed:
    skip
}

inline person_logs_in(me)
{
    atomic {
        humans > 0 ->
        humans--;
        made++;
        month[made] = 1 + HUMANS - humans;
        m[me].file = made;
        m[me].token = true;
        m[me].pending = made
    }
}

proctype writer(byte me)
{
    byte s, sv, x, xv, holder, put, best, got, i;
    bool renewing, hot;
    do
    :: over -> break
    :: !over ->
        if
        :: true
        :: person_logs_in(me)
        :: atomic { m[me].token && renewals + failures > 0 -> run_client(me) }
        :: renewals + failures > 0 -> renew(me)
        fi;
#ifdef LIVE
        sync(me);
#else
        if
        :: sync(me)
        :: atomic {
            m[me].token -> /* cut off, and the time has come */
            is_hot(m[me].file);
            if
            :: hot -> lay_down(me)
            :: else
            fi
           }
        :: true /* asleep */
        fi;
#endif
forget: skip;
        d_step {
            s = 0;
            sv = 0;
            x = 0;
            xv = 0;
            holder = 0;
            put = 0;
            best = 0;
            got = 0;
            i = 0;
            renewing = false;
            hot = false
        }
    od;
    running--
}

/* What it has is no earlier than what it had. */
proctype reader(byte me)
{
    byte s, sv;
    do
    :: over -> break
    :: !over ->
        atomic { s = shared[shared_top]; sv = shared_top };
        atomic {
            if
#ifdef MUTANT_STANDS_STILL
            :: false
#else
            :: sv >= m[me].step -> m[me].file = s; m[me].step = sv
#endif
            :: else
            fi;
            s = 0;
            sv = 0
        }
    od;
    running--
}

/* Time goes by, until everything stops.  Only the store's login matters: what else is due is claimed
 * by nobody. */
proctype clock()
{
    do
    :: over -> break
    :: atomic {
        !over && !due[shared[shared_top]] && !doubted(shared[shared_top]) ->
        due[shared[shared_top]] = true
       }
    od
}

/* ---- what must come of it ---- */

#define agree(who) (m[who].file == shared[shared_top])
#if WRITERS == 2
#define all_agree (agree(0) && agree(1) && agree(MACHINES - 1))
#else
#define all_agree (agree(0) && agree(1) && agree(2) && agree(MACHINES - 1))
#endif

#ifdef LIVE
ltl they_agree_in_the_end { <> [] (all_agree || too_long) }
#endif

inline settle()
{
    atomic {
        settling = true;
        crashes = 0;
        do
        :: round < 2 ->
            me = 0;
            do
            :: me < WRITERS -> sync(me); me++
            :: else -> break
            od;
            round++
        :: else -> break
        od;
        i = 1;
        do
        :: i <= shared_top ->
            if
            :: beats(shared[i], newest) -> newest = shared[i]
            :: else
            fi;
            i++
        :: else -> break
        od;
        me = 0;
        do
        :: me < WRITERS ->
            assert(m[me].file == newest);
            if
            :: m[me].token -> holders++
            :: else
            fi;
            me++
        :: else -> break
        od;
        assert(shared[shared_top] == newest);
        assert(x == newest);
        assert(holders <= 1)
    }
}

init {
    byte s, sv, x, xv, holder, put, best, got, i, me, newest, holders, round;
    bool renewing, hot;
    atomic {
        month[1] = 1;
        shared[1] = 1;
        renewable[1].login = 1;
        for (me : 0 .. MACHINES - 1) {
            m[me].file = 1;
            m[me].token = me == 0;
            m[me].step = 1;
            m[me].seen = 2;
            m[me].entrusted = 1
        }
        running = MACHINES;
        for (me : 0 .. WRITERS - 1) {
            run writer(me)
        }
        for (me : WRITERS .. MACHINES - 1) {
            run reader(me)
        }
        run clock();
        me = 0
    };
#ifndef LIVE
    over = true;
    running == 0;
    settle();
#endif
forget:
    skip
}
