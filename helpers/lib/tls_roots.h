/* Where this system keeps its trusted certificates as a hashed folder (openssl-rehash(1)): one
 * file a certificate, named by the hash of its subject, read only when needed. */
#ifndef CREDRELAY_HELPERS_TLS_ROOTS_H
#define CREDRELAY_HELPERS_TLS_ROOTS_H

/* NULL: there is none, or libcurl's TLS cannot use one.  A constant. */
const char *tls_roots_folder(void);

#endif
