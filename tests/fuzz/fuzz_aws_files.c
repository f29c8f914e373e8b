/* ~/.aws/credentials and ~/.aws/config, any bytes: read, or refused with the file and the line. */
#include "fuzz.h"

#include "aws_config.h"

FUZZ_INIT(clearenv())

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const profiles[] = {"default", "a", "claude-creds-reader"};
    struct aws_config *c;
    struct err e;
    char *credentials = next_text(&data, &size), *config = next_text(&data, &size);
    if (!aws_config_parse(credentials, config, &c, &e)) {
        must_say(&e);
    } else {
        for (size_t i = 0; i < sizeof profiles / sizeof profiles[0]; i++) {
            bool there = aws_config_has_profile(c, profiles[i]);
            const char *id = aws_config_get(c, profiles[i], "aws_access_key_id");
            must(there || !id);
            (void)aws_config_region(c, profiles[i]);
            (void)aws_config_endpoint_url(c, profiles[i], "ssm");
        }
        aws_config_free(c);
    }
    free(credentials);
    free(config);
    return 0;
}
