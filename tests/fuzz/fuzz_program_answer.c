/* Whatever a credential_process prints: keys, or an error that does not repeat it.
 * aws_program_run() is ours: nothing is started. */
#include "fuzz.h"

#include "aws_program.h"
#include "aws_source.h"
#include "base/clock.h"

static struct {
    const uint8_t *data;
    size_t size;
} answer;

bool aws_program_run(const char *command, int64_t deadline, const char *what, struct buf *out,
                     struct err *e)
{
    (void)command;
    (void)deadline;
    (void)what;
    return buf_bytes(out, answer.data, answer.size) || buf_error(out, "its output", e);
}

static void prepare(void)
{
    clearenv(); /* no home: nothing is kept between two inputs */
}

FUZZ_INIT(prepare())

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct aws_config *config;
    struct aws_keys keys = {.id = ""};
    struct err e = {.code = ERR_NONE};
    answer.data = data;
    answer.size = size;
    must(aws_config_parse("", "[default]\ncredential_process = /bin/keys\n", &config, &e));
    const struct aws_search s = {
        .config = config, .profile = "default", .deadline = clock_steady_ms() + 1000};
    if (aws_from_program(&s, &keys, &e) == FOUND)
        must(keys.id[0] && keys.secret);
    else
        must_say(&e);
    aws_keys_free(&keys);
    aws_config_free(config);
    return 0;
}
