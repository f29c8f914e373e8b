/* OpenSSL keeps what it deciphered in a buffer that it frees as it is: ask it to wipe.
 *
 * libcurl has already loaded the library, so it is asked by name; nothing more is linked. */
#ifndef CREDRELAY_HELPERS_TLS_WIPE_H
#define CREDRELAY_HELPERS_TLS_WIPE_H

#include <curl/curl.h>

/* Set EASY up so that TLS answers are wiped once they were handed over.  Without OpenSSL 3
 * nothing is done. */
void tls_wipe(CURL *easy);

#endif
