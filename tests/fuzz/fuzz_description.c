/* A tool's description, any bytes: a tool, or one error that names the line. */
#include "fuzz.h"

#include "tool/description.h"
#include "tool/login.h"

FUZZ_INIT()

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char login[] = "{\"claudeAiOauth\":{\"accessToken\":\"sk-ant-oat01-TEST-1\","
                                "\"expiresAt\":1999999999999,\"scopes\":[\"user:inference\"]}}";
    char *text = as_text(data, size);
    struct err e;
    struct tool *t = description_parse("lamp", text, size, "lamp.ini", &e);
    if (t) {
        struct login_facts f;
        must(login_look(t, login, sizeof login - 1, &f, &e));
        description_free(t);
    } else {
        must_say(&e);
    }
    free(text);
    return 0;
}
