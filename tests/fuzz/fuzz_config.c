/* credrelay.conf, any bytes: the same relays for whoever asks, or an error that says where. */
#include "fuzz.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "relay/relay.h"

static int file = -1;

static void prepare(void)
{
    char path[64];
    clearenv();
    setenv("HOME", "/nonexistent", 1);
    setenv("CREDRELAY_MACHINE", "machine-1", 1);
    file = memfd_create("credrelay.conf", MFD_CLOEXEC);
    must(file >= 0);
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    setenv("CREDRELAY_CONFIG", path, 1);
}

FUZZ_INIT(prepare())

static void load(const char *name)
{
    struct relay r;
    struct err e;
    if (!relay_load(name, &r, &e)) {
        must_say(&e);
        return;
    }
    must(strcmp(r.name, name) == 0 && relay_name_ok(r.name) && r.tool);
    relay_free(&r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct relay_names names;
    struct err e;
    must(ftruncate(file, 0) == 0 && pwrite(file, data, size, 0) == (ssize_t)size);
    if (!relay_names(&names, &e)) {
        must_say(&e);
        return 0;
    }
    must(names.count >= 1);
    for (size_t i = 0; i < names.count && i < 4; i++)
        load(names.name[i]);
    return 0;
}
