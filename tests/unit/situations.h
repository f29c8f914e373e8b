/* Logins and memories in a few characters, for tables that a person can read.
 *
 *   login    "-" absent, "blank", "torn", "folder" (in its place), "unreadable", or NAME, expiry in
 *            hours from now, "r" with a refresh token, "@D" a deadline D days from now, "~H" refreshed
 *            H hours from now; "?" in place of the hours: no expiry known.
 *            "A+8"  "B-1r"  "C+8r@30"  "D?~-2"
 *   memory   "A1 B2" seen with those versions, "=B2" in step with, "!C" rejected, "?B" renewal
 *            refused, "&B" entrusted to the store, "^B" claimed */
#ifndef CREDRELAY_TESTS_SITUATIONS_H
#define CREDRELAY_TESTS_SITUATIONS_H

#include "relay/decide.h"

#define NOW  INT64_C(1795500000000)
#define HOUR INT64_C(3600000)

struct login_facts parse_login(const char *text);
struct memory parse_memory(const char *text);

/* The fingerprint of the login called NAME: the letter, 64 times. */
void parse_name(char name, char out[FINGERPRINT_SIZE]);

#endif
