#include "aws_endpoint.h"

#include <stdio.h>
#include <string.h>

#include "http.h"

/* It becomes part of a host name. */
static bool region_name(const char *region)
{
    size_t len = strlen(region);
    return len >= 2 && len <= 32 && strspn(region, "abcdefghijklmnopqrstuvwxyz0123456789-") == len;
}

enum partition { PARTITION_AWS, PARTITION_CN, PARTITION_GOV, PARTITION_COUNT };

static enum partition partition_of(const char *region)
{
    return strncmp(region, "cn-", 3) == 0       ? PARTITION_CN
           : strncmp(region, "us-gov-", 7) == 0 ? PARTITION_GOV
                                                : PARTITION_AWS;
}

/* IAM, one for all regions of a partition. */
static const struct {
    const char *region, *usual, *fips, *dual, *fips_dual;
} iam[] = {
    [PARTITION_AWS] = {"us-east-1", "iam.amazonaws.com", "iam-fips.amazonaws.com",
                       "iam.global.api.aws", "iam-fips.global.api.aws"},
    [PARTITION_CN] = {"cn-north-1", "iam.cn-north-1.amazonaws.com.cn",
                      "iam.cn-north-1.amazonaws.com.cn", "iam.global.api.amazonwebservices.com.cn",
                      "iam.global.api.amazonwebservices.com.cn"},
    [PARTITION_GOV] = {"us-gov-west-1", "iam.us-gov.amazonaws.com", "iam.us-gov.amazonaws.com",
                       "iam.us-gov.api.aws", "iam.us-gov.api.aws"},
};
_Static_assert(sizeof iam / sizeof iam[0] == PARTITION_COUNT, "one row for each partition");

static bool is_iam(const char *service)
{
    return strcmp(service, "iam") == 0;
}

static const char *iam_host(enum partition p, bool fips, bool dual)
{
    return dual ? (fips ? iam[p].fips_dual : iam[p].dual) : (fips ? iam[p].fips : iam[p].usual);
}

static bool own_endpoint(const struct aws_config *c, const char *profile, const char *service,
                         const char *region, struct aws_endpoint *ret)
{
    enum partition partition = partition_of(region);
    bool china = partition == PARTITION_CN;
    bool dual = aws_config_flag(c, profile, "AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint");
    bool fips = aws_config_flag(c, profile, "AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint");
    if (is_iam(service))
        return (size_t)snprintf(ret->url, sizeof ret->url, "https://%s/",
                                iam_host(partition, fips, dual)) < sizeof ret->url;
    if (fips && !dual && partition == PARTITION_GOV && strcmp(service, "kms") != 0)
        fips = false; /* there the usual endpoint is the FIPS one */
    const char *suffix = dual ? (china ? "api.amazonwebservices.com.cn" : "api.aws")
                              : (china ? "amazonaws.com.cn" : "amazonaws.com");
    int n = snprintf(ret->url, sizeof ret->url, "https://%s%s.%s.%s/", service, fips ? "-fips" : "",
                     region, suffix);
    return (size_t)n < sizeof ret->url;
}

/* http(s)://HOST[:PORT][/PATH] and nothing else: it is signed, and shown in messages. */
static bool set_endpoint(const char *url, struct aws_endpoint *ret)
{
    const char *host = strncmp(url, "https://", 8) == 0  ? url + 8
                       : strncmp(url, "http://", 7) == 0 ? url + 7
                                                         : "";
    size_t host_len = strcspn(host, "/");
    size_t len = strlen(url);
    bool slash = host[host_len] == '/';
    if (!host_len || len + 2 > sizeof ret->url || strpbrk(url, "?#@ \t\r\n\\\"<>"))
        return false;
    snprintf(ret->url, sizeof ret->url, "%s%s", url, slash ? "" : "/");
    return true;
}

bool aws_endpoint_find(const struct aws_config *c, const char *profile, const char *service,
                       const char *region, const char *chosen, struct aws_endpoint *ret,
                       struct err *e)
{
    if (!region_name(region)) {
        err_set(e, ERR_INVALID, "'%.40s' is not the name of an AWS region", region);
        return err_hint(e, "write the store as ssm://us-west-2/NAME, or set AWS_REGION");
    }
    const char *url = chosen ? chosen : aws_config_endpoint_url(c, profile, service);
    bool ok = url ? set_endpoint(url, ret) : own_endpoint(c, profile, service, region, ret);
    const char *path = ok ? strchr(strstr(ret->url, "://") + 3, '/') : "";
    if (!ok || strlen(path) >= sizeof ret->path) {
        err_set(e, ERR_INVALID, "'%.80s' is not an endpoint URL", url ? url : service);
        return err_hint(e, "an endpoint is https://HOST or https://HOST:PORT");
    }
    snprintf(ret->path, sizeof ret->path, "%s", path);
    snprintf(ret->region, sizeof ret->region, "%s",
             is_iam(service) ? iam[partition_of(region)].region : region);
    http_authority(ret->url, ret->host, sizeof ret->host);
    return true;
}
