/* The Keychain of macOS, where clients keep their logins, is reached through a program. */
#ifndef CREDRELAY_OS_KEYCHAIN_H
#define CREDRELAY_OS_KEYCHAIN_H

/* Its path; NULL: this system has no Keychain. */
const char *os_keychain_program(void);

#endif
