#include "tls_wipe.h"

#include <dlfcn.h>
#include <stdint.h>
#include <string.h>

/* SSL_CTX_set_options(3) and <openssl/ssl.h> of OpenSSL 3. */
#define SSL_OP_CLEANSE_PLAINTEXT ((uint64_t)1 << 1)
typedef uint64_t set_options_fn(void *ctx, uint64_t options);

static CURLcode on_context(CURL *easy, void *ctx, void *set_options)
{
    (void)easy;
    set_options_fn *fn;
    memcpy(&fn, set_options, sizeof fn);
    fn(ctx, SSL_OP_CLEANSE_PLAINTEXT);
    return CURLE_OK;
}

void tls_wipe(CURL *easy)
{
    static void *set_options;
    const char *tls = curl_version_info(CURLVERSION_NOW)->ssl_version;
    if (!set_options && tls && strncmp(tls, "OpenSSL/3", 9) == 0)
        set_options = dlsym(RTLD_DEFAULT, "SSL_CTX_set_options");
    if (!set_options)
        return;
    curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, (void *)&set_options);
    curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, on_context);
}
