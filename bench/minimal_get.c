/* The least that a libcurl program can do for one get of Parameter Store over https: what
 * store-ssm's time is compared with.  libcurl signs.
 *
 *   minimal-get URL REGION NAME CA_FILE       keys from AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    char body[512], sigv4[128];
    if (argc != 5 || !getenv("AWS_ACCESS_KEY_ID") || !getenv("AWS_SECRET_ACCESS_KEY"))
        return 64;
    snprintf(body, sizeof body, "{\"Name\":\"%s\",\"WithDecryption\":true}", argv[3]);
    snprintf(sigv4, sizeof sigv4, "aws:amz:%s:ssm", argv[2]);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    CURL *easy = curl_easy_init();
    struct curl_slist *headers =
        curl_slist_append(curl_slist_append(NULL, "X-Amz-Target: AmazonSSM.GetParameter"),
                          "Content-Type: application/x-amz-json-1.1");
    curl_easy_setopt(easy, CURLOPT_URL, argv[1]);
    curl_easy_setopt(easy, CURLOPT_CAINFO, argv[4]);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body);
    curl_easy_setopt(easy, CURLOPT_AWS_SIGV4, sigv4);
    curl_easy_setopt(easy, CURLOPT_USERNAME, getenv("AWS_ACCESS_KEY_ID"));
    curl_easy_setopt(easy, CURLOPT_PASSWORD, getenv("AWS_SECRET_ACCESS_KEY"));
    CURLcode rc = curl_easy_perform(easy); /* the answer goes to standard output */
    curl_slist_free_all(headers);
    curl_easy_cleanup(easy);
    curl_global_cleanup();
    return rc == CURLE_OK ? 0 : 1;
}
