#include "transport.h"

#include <stdatomic.h>
#include <string.h>

#include "base/wiped_alloc.h"
#include "tls_roots.h"
#include "tls_wipe.h"

/* ---- memory ---- */

static atomic_bool ran_out; /* a name is looked up in a thread of its own */

static void *noted(void *p)
{
    if (!p)
        ran_out = true;
    return p;
}

static void *noted_malloc(size_t len)
{
    return noted(wiped_malloc(len));
}

static void *noted_realloc(void *p, size_t len)
{
    return noted(wiped_realloc(p, len));
}

static void *noted_calloc(size_t count, size_t len)
{
    return noted(wiped_calloc(count, len));
}

static char *noted_strdup(const char *text)
{
    return noted(wiped_strdup(text));
}

bool transport_ran_out(void)
{
    return atomic_exchange(&ran_out, false);
}

/* ---- opening, closing ---- */

/* Debian's libcurl brings GnuTLS along, for RTMP and LDAP, and GnuTLS makes itself ready as it is
 * loaded, unless the program has this (<gnutls/gnutls.h>, GNUTLS_SKIP_GLOBAL_INIT): a twentieth of a
 * call.  A libcurl that does TLS with GnuTLS calls gnutls_global_init itself. */
int _gnutls_global_init_skip(void);
int _gnutls_global_init_skip(void)
{
    return 1;
}

bool transport_open(struct transport *t, const char *ca_file, const struct transport_hints *hints)
{
    *t = (struct transport){.hints = hints};
    if (curl_global_init_mem(CURL_GLOBAL_DEFAULT, noted_malloc, wiped_free, noted_realloc,
                             noted_strdup, noted_calloc) != CURLE_OK)
        return false;
    bool ok = (t->easy = curl_easy_init()) != NULL;
    if (ok && ca_file && *ca_file)
        ok = (t->ca_file = wiped_strdup(ca_file)) != NULL;
    else if (ok)
        t->ca_folder = tls_roots_folder();
    if (!ok)
        transport_close(t);
    return ok;
}

void transport_close(struct transport *t)
{
    curl_easy_cleanup(t->easy);
    wiped_free(t->ca_file);
    curl_global_cleanup();
}

const char *transport_trust(const struct transport *t)
{
    return t->ca_file ? t->ca_file : t->ca_folder ? t->ca_folder : "this system's certificates";
}

/* ---- one request ---- */

static void set_protocols(CURL *easy, const char *protocols)
{
#if LIBCURL_VERSION_NUM >= 0x075500
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, protocols);
#else
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS,
                     (long)(protocols[0] == 'h' ? CURLPROTO_HTTP | CURLPROTO_HTTPS
                                                : CURLPROTO_SMTP | CURLPROTO_SMTPS));
#endif
#if LIBCURL_VERSION_NUM >= 0x075700
    /* A name server that is silent must not hold up the end of the process. */
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
#endif
}

static void set_trust(const struct transport *t)
{
    curl_easy_setopt(t->easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    tls_wipe(t->easy);
    if (t->ca_file) {
        curl_easy_setopt(t->easy, CURLOPT_CAINFO, t->ca_file);
        curl_easy_setopt(t->easy, CURLOPT_CAPATH, NULL);
    } else if (t->ca_folder &&
               curl_easy_setopt(t->easy, CURLOPT_CAPATH, t->ca_folder) == CURLE_OK) {
        curl_easy_setopt(t->easy, CURLOPT_CAINFO, NULL);
    }
}

static void set_times(CURL *easy, int64_t left)
{
    /* Connecting may take half of the time, so that one lost packet leaves room for a second
     * try. */
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)left);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)(left / 2 + 1));
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
}

void transport_begin(struct transport *t, const char *protocols, int64_t left)
{
    curl_easy_reset(t->easy);
    t->detail[0] = '\0';
    curl_easy_setopt(t->easy, CURLOPT_ERRORBUFFER, t->detail);
    set_protocols(t->easy, protocols);
    set_trust(t);
    set_times(t->easy, left);
}

/* ---- what went wrong ---- */

static enum transport_failure no_address(const char *whose, struct err *e)
{
    err_set(e, ERR_UNREACHABLE, "cannot find the address of %s", whose);
    err_hint(e, "check the network, the name server and the name's spelling");
    return TRANSPORT_NO_ADDRESS;
}

static enum transport_failure no_connection(const struct transport *t, const char *host,
                                            struct err *e)
{
    long errnum = 0;
    curl_easy_getinfo(t->easy, CURLINFO_OS_ERRNO, &errnum);
    err_set(e, ERR_UNREACHABLE, "cannot connect to %s: %s", host,
            errnum ? strerror((int)errnum) : "no route");
    err_hint(e, "%s", t->hints->connection);
    return TRANSPORT_NO_CONNECTION;
}

static enum transport_failure timed_out(const struct transport *t, const char *host, bool sent,
                                        struct err *e)
{
    double looked_up = 0; /* when the address was known, be it the proxy's */
    curl_easy_getinfo(t->easy, CURLINFO_NAMELOOKUP_TIME, &looked_up);
    if (!sent && !(looked_up > 0)) {
        err_set(e, ERR_UNREACHABLE, "cannot reach %s: the name server is silent", host);
        err_hint(e, "check the network and the name server");
    } else {
        err_set(e, ERR_UNREACHABLE, "no %s %s", sent ? "answer from" : "connection to", host);
        err_hint(e, "%s", t->hints->silence);
    }
    return TRANSPORT_TIMED_OUT;
}

/* Numbers of X509_verify_cert(3), which every OpenSSL-like backend reports. */
enum { VERIFY_NOT_YET_VALID = 9, VERIFY_EXPIRED = 10 };

static enum transport_failure untrusted(const struct transport *t, const char *host, struct err *e)
{
    long why = 0;
    curl_easy_getinfo(t->easy, CURLINFO_SSL_VERIFYRESULT, &why);
    const char *detail = t->detail[0] ? t->detail : "no reason given";
    if (why == VERIFY_EXPIRED || why == VERIFY_NOT_YET_VALID) {
        err_set(e, ERR_UNREACHABLE, "the TLS certificate of %s %s", host,
                why == VERIFY_EXPIRED ? "has expired" : "is not valid yet");
        err_hint(e, "check this machine's clock: date -u");
    } else if (strstr(detail, "subject name") || strstr(detail, "host name")) {
        err_set(e, ERR_UNREACHABLE, "the TLS certificate of %s is for another name", host);
        err_hint(e, "%s", t->hints->other_name);
    } else {
        err_set(e, ERR_UNREACHABLE, "the TLS certificate of %s is not trusted (%s)", host, detail);
        err_hint(e, "%s", t->hints->untrusted);
    }
    return TRANSPORT_UNTRUSTED;
}

static enum transport_failure no_ca_file(const struct transport *t, struct err *e)
{
    err_set(e, ERR_INVALID, "cannot read the CA bundle %s",
            t->ca_file ? t->ca_file : "of this system");
    err_hint(e, "%s", t->hints->ca_file);
    return TRANSPORT_NO_CA_FILE;
}

enum transport_failure transport_explain(const struct transport *t, CURLcode rc, const char *host,
                                         bool sent, struct err *e)
{
    switch (rc) {
    case CURLE_COULDNT_RESOLVE_HOST: return no_address(host, e);
    case CURLE_COULDNT_RESOLVE_PROXY: return no_address("the proxy", e);
    case CURLE_COULDNT_CONNECT: return no_connection(t, host, e);
    case CURLE_OPERATION_TIMEDOUT: return timed_out(t, host, sent, e);
    case CURLE_PEER_FAILED_VERIFICATION: return untrusted(t, host, e);
    case CURLE_SSL_CACERT_BADFILE: return no_ca_file(t, e);
    default: return TRANSPORT_OTHER;
    }
}
