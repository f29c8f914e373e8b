/* The store protocol: what credrelay and a store helper say to each other.
 *
 * A helper is a program that lives for one call.  It reads one line of JSON from standard input,
 * writes one line of JSON to standard output and exits 0; standard error is for people.  For the
 * store URL `SCHEME:...` it is libexec/credrelay/store-SCHEME, or a program of anybody's called
 * credrelay-store-SCHEME on PATH.
 *
 * Request:
 *   credrelay    1, the protocol's version
 *   op           "get" | "put" | "history" | "wait" | "check"
 *   store        the store URL as configured, with what belongs to it ("local:", "ssm://R/N?...")
 *   path         the name of the value inside the store ("/claude/oauth/credentials")
 *   role         "reader" | "writer": whose key to use
 *   machine      this machine's name, for stores that note who wrote
 *   options      an object of strings: the relay's settings for this store ("profile", ...)
 *   version      get: that version instead of the newest; wait: what is already known
 *   value        put: the text to store
 *   expect       put: the version the decision was made on; 0: the value is not there yet
 *   limit        history: at most so many versions
 *   deadline_ms  answer within this time from now
 *
 * Answer, {"ok":true, ...} with
 *   get, wait    version, modified (ms since 1970, 0 unknown), by ("" unknown), value.
 *                wait without "value": nothing newer came before the deadline
 *   put          version, and "raced":true from a store without compare-and-swap that found
 *                another version between `expect` and its own: read again and decide again
 *   history      versions: [{version, modified, by, value}], newest first
 *   check        checks: [{name, ok, warning, detail, hint}], in the order of asking; `ok` false:
 *                what is needed does not work; `warning` true: it works, and should be seen to
 * or {"ok":false, "error", "message", "hint", "retry_after_ms"}: `error` is a name of enum
 * err_code and says what the caller can do next; `message` and `hint` are one sentence each for
 * people, without secrets.  get of a value that is not there is "not_found"; put against a
 * changed value is "conflict"; an op the store does not have is "unsupported". */
#ifndef CREDRELAY_STORE_PROTOCOL_H
#define CREDRELAY_STORE_PROTOCOL_H

#define STORE_PROTOCOL 1

enum store_op { STORE_GET, STORE_PUT, STORE_HISTORY, STORE_WAIT, STORE_CHECK, STORE_OP_COUNT };

static const char *const store_op_names[] = {
    [STORE_GET] = "get",   [STORE_PUT] = "put",     [STORE_HISTORY] = "history",
    [STORE_WAIT] = "wait", [STORE_CHECK] = "check",
};
_Static_assert(sizeof store_op_names / sizeof store_op_names[0] == STORE_OP_COUNT,
               "one name for each operation");

/* Version numbers are positive; 0 says "not there". */
#define STORE_VERSION_NONE 0

#endif
