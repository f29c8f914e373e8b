"""The code broken on purpose, a promise at a time, and the tests that must notice: scripts/mutants.

A row says which promise of ARCHITECTURE.md is broken and how: text that stands exactly once in FILE is
replaced, more than once where it takes more.  A test is "unit NAME" or what names it to pytest."""
from dataclasses import dataclass


@dataclass(frozen=True)
class Mutant:
    name: str
    promise: str
    file: str
    edits: tuple  # ((text that is there once, what takes its place), ...)
    tests: tuple


def broken(name, promise, file, *edits, by):
    return Mutant(name, promise, file, edits, (by,) if isinstance(by, str) else by)


NEVER_WORSE = "a login that works is never replaced by one that does not"
FORWARD = "a login only moves forward"
ONE_ROTATES = "at most one machine rotates"
WRITERS_WRITE = "only writers write"
ATOMIC = "the file is whole, private and on the disk, or it is the old one"
SECRET = "a secret stays where it belongs"
INVISIBLE = "the wrapper is invisible on a good day"
NOTHING_TWICE = "no work is done twice"
NO_SILENCE = "what nobody can recover from is told, once, and ends with 78"

DISK = "tests/system/test_on_the_disk.py"

MUTANTS = [
    # -- never make it worse ---------------------------------------------------------------------
    broken("a blank login is accepted", NEVER_WORSE, "src/tool/login.c",
           ("    if (!*access) {\n", "    if (false) {\n"), by="unit login"),
    broken("a refused login is taken again", NEVER_WORSE, "src/relay/decide.c",
           ("    return usable(f) && !rejected(s, f);\n", "    (void)s;\n    return usable(f);\n"),
           by="unit decide"),
    broken("a login made meanwhile is overwritten", NEVER_WORSE, "src/tool/login_source.c",
           ("    if (ok && !unchanged(seen, &now.facts))\n", "    if (false && !unchanged(seen, &now.facts))\n"),
           by="tests/system/test_login_file.py::test_a_login_made_during_the_pull_is_not_overwritten"),
    broken("a damaged file is not kept", NEVER_WORSE, "src/tool/login_source.c",
           ("return keep_damaged(s->path, &now->text, e) && login_document(l, out, e);",
            "return (true || keep_damaged(s->path, &now->text, e)) && login_document(l, out, e);"),
           by="unit login-file"),
    # -- a login only moves forward --------------------------------------------------------------
    broken("a login seen before is news", FORWARD, "src/relay/decide.c",
           ("    if (place == 0)\n", "    if (true)\n"), by="unit decide"),
    broken("a store that goes back is believed at once", FORWARD, "src/relay/shelf.c",
           ("    return s->shared.facts.version < m->step.version;\n", "    (void)s, (void)m;\n    return false;\n"),
           by="tests/system/test_bad_stores.py::test_an_answer_that_is_older_than_what_was_seen"),
    broken("a put does not look at the version", FORWARD, "helpers/store-local/database.c",
           ("    if (newest != put->expect)\n", "    if (newest < put->expect)\n"),
           by="tests/contract/test_store_contract.py::test_a_put_on_a_wrong_expectation"),
    broken("a race that nobody settled stays lost", FORWARD, "src/relay/engine.c",
           ("    if (shared->version > putting.version + 1 && !", "    if (false && !"),
           by="tests/system/test_two_values.py::test_a_racer_that_is_killed_before_it_can_settle"),
    broken("no lock", FORWARD, "src/base/lock.c",
           ("flock(fd, LOCK_EX | LOCK_NB) != 0;", "fd < 0;"), by="unit lock"),
    broken("the client's lock is not taken", NEVER_WORSE, "src/tool/login_source.c",
           ("    if (!s->tool->lock)\n", "    if (true)\n"),
           by="tests/system/test_login_file.py::test_a_fresh_lock_is_waited_for"),
    # -- at most one machine rotates -------------------------------------------------------------
    broken("a reader keeps a refresh token", ONE_ROTATES, "src/relay/decide.c",
           ("        return local->renewable ? answer(DO_INSTALL_SHARED, WHY_NOT_HOLDER)\n"
            "                                : answer(DO_NOTHING, WHY_SAME);\n",
            "        return answer(DO_NOTHING, WHY_SAME);\n"), by="unit decide"),
    broken("the shared value carries the refresh token", ONE_ROTATES, "src/relay/value.c",
           ("    if (with_refresh)\n", "    if (with_refresh || true)\n"),
           by="tests/system/test_two_values.py::test_what_is_published"),
    broken("who is not the holder gets the refresh token", ONE_ROTATES, "src/relay/decide.c",
           ("whole(s) && holder(s) && s->renewable->login.renewable &&", "whole(s) && s->renewable->login.renewable &&"),
           by="unit decide"),
    broken("the shared value is put before the renewable", ONE_ROTATES, "src/relay/shelf_put.c",
           ("    int64_t expect = s->renewable.facts.version;\n    if (!s->relay->plain &&",
            "    int64_t expect = s->renewable.facts.version;\n"
            "    if (!shared_is(s, l) && !put_shared(s, l, expect, e))\n        return false;\n"
            "    if (!s->relay->plain &&"),
           by="tests/system/test_two_values.py::test_a_publication_cut_short"),
    # -- only writers write ----------------------------------------------------------------------
    broken("a reader publishes", WRITERS_WRITE, "src/relay/decide.c",
           ("    if (!writer(s))\n        return answer(DO_NOTHING, WHY_READER_KEEPS);\n", ""), by="unit decide"),
    broken("a reader that is asked to publishes", WRITERS_WRITE, "src/relay/engine.c",
           ("rq->intent == INTENT_PUBLISH && session->relay->role == ROLE_READER",
            "false && session->relay->role == ROLE_READER"),
           by="tests/system/test_sync.py::test_a_reader_is_refused_before_the_store"),
    # -- atomic ----------------------------------------------------------------------------------
    broken("no fsync of the folder", ATOMIC, "src/base/file.c",
           ("    return os_sync_folder(folder) || ", "    return folder[0] || "), by=DISK),
    broken("no fsync of the file", ATOMIC, "src/base/file.c",
           ("write_all(fd, c->bytes, c->len) && os_sync_file(fd);", "write_all(fd, c->bytes, c->len);"), by=DISK),
    broken("rename before fsync", ATOMIC, "src/base/file.c",
           ("write_all(fd, c->bytes, c->len) && os_sync_file(fd);", "write_all(fd, c->bytes, c->len);"),
           ("    return os_sync_folder(folder) || ",
            "    int late = open(real, O_WRONLY | O_CLOEXEC);\n    os_sync_file(late);\n    close(late);\n"
            "    return os_sync_folder(folder) || "), by=DISK),
    broken("written in place", ATOMIC, "src/base/file.c",
           ("    int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);\n",
            "    int fd = open(real, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);\n"),
           ("    if (ok && rename(temporary, real) != 0)\n", "    if (ok && access(real, F_OK) != 0)\n"),
           by="tests/crash/test_every_call.py::test_every_call[pull]"),
    broken("born with mode 0644", ATOMIC, "src/base/file.c",
           ("O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);", "O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);"), by="unit file"),
    broken("a killed writer's file is not swept", ATOMIC, "src/base/file.c",
           ("    file_sweep(temporary, 0, 0);\n", ""), by="unit file"),
    broken("a killed taker's lock is not swept", ATOMIC, "src/base/lock.c",
           ("    sweep_asides(path, stale_ms);\n", "    (void)sweep_asides;\n"),
           by=("unit lock", "tests/crash/test_every_call.py::test_every_call[pull over a stale lock]")),
    broken("what stands beside the login is dropped", ATOMIC, "src/tool/login_source.c",
           ("return login_merge(s->tool, l, buf_str(&now->text), now->text.len, out, e);",
            "return login_document(l, out, e);"), by="unit login-file"),
    broken("the embedded store does not wait for the disk", ATOMIC, "helpers/store-local/database.c",
           ('"PRAGMA synchronous = FULL;"', '"PRAGMA synchronous = OFF;"'), by=DISK),
    # -- secrets ---------------------------------------------------------------------------------
    broken("the token is logged", SECRET, "src/relay/engine.c",
           ("    memory_in_step(m, s->local.facts.fingerprint, s->shelf.put_version);\n",
            "    memory_in_step(m, s->local.facts.fingerprint, s->shelf.put_version);\n"
            "    err_set(&s->report.warning, ERR_FAILED, \"published %s\", secret_reveal(s->local.part, NULL));\n"),
           by="tests/system/test_secrets.py::test_nothing_shows_a_token"),
    broken("a fingerprint is the token's own beginning", SECRET, "src/tool/login.c",
           ("    sodium_bin2hex(out, FINGERPRINT_SIZE, hash, sizeof hash);\n",
            "    snprintf(out, FINGERPRINT_SIZE, \"%-64s\", token);\n"),
           by="tests/system/test_secrets.py::test_nothing_shows_a_token"),
    broken("a secret is not wiped", SECRET, "src/base/buf.c",
           ("    if (b->data)\n        sodium_memzero(b->data, b->len + 1);\n    free(b->data);\n", "    free(b->data);\n"),
           by="tests/system/test_secrets.py::test_no_token_is_in_memory_at_the_end"),
    broken("a library's memory is not wiped", SECRET, "src/base/wiped_alloc.c",
           ("    sodium_memzero(b, sizeof *b + b->len);\n", ""),
           by="tests/system/test_secrets.py::test_no_token_is_in_the_embedded_store_s_memory_at_the_end"),
    broken("the process is open to others", SECRET, "src/os/process_linux.c",
           ("prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);", "prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);"),
           by="tests/system/test_secrets.py::test_others_cannot_look_into_a_running_pull"),
    broken("a redirect is followed", SECRET, "helpers/lib/http.c",
           ("    curl_easy_setopt(easy, CURLOPT_URL, rq->url);\n",
            "    curl_easy_setopt(easy, CURLOPT_URL, rq->url);\n"
            "    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 1L);\n"),
           by="tests/matrix/test_network_answers.py::test_status[307]"),
    broken("any certificate will do", SECRET, "helpers/lib/http.c",
           ("    curl_easy_setopt(easy, CURLOPT_URL, rq->url);\n",
            "    curl_easy_setopt(easy, CURLOPT_URL, rq->url);\n"
            "    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);\n"),
           by="tests/matrix/test_network_tls.py::test_certificate"),
    broken("an answer has no limit", INVISIBLE, "helpers/lib/http.c",
           ("    buf_init(&ret->body, LIMIT_HTTP_ANSWER);\n", "    buf_init(&ret->body, (size_t)1 << 26);\n"),
           by="tests/matrix/test_network_connection.py::test_floods[a body of 1 GiB]"),
    # -- the wrapper -----------------------------------------------------------------------------
    broken("a signal is not passed on", INVISIBLE, "src/run/child.c",
           ("    if (!(byte & BY_SYSTEM) || !terminal_told_child(number))\n        kill(c->pid, number);\n",
            "    (void)terminal_told_child;\n"),
           by="tests/system/test_wrapper_process.py::test_a_signal_reaches_the_client_once[15]"),
    broken("a run that did work is run again", NOTHING_TWICE, "src/run/run.c",
           ("a->result.worked && run->relay->retry != RETRY_ALWAYS", "false && run->relay->retry != RETRY_ALWAYS"),
           by="tests/system/test_wrapper.py::test_work_is_not_repeated"),
    broken("a run that has answered in part is run again", NOTHING_TWICE, "src/run/run.c",
           ("    if (a->pump.released)\n", "    if (false)\n"),
           by="tests/system/test_wrapper.py::test_work_is_not_repeated"),
    broken("a run that is forbidden is run again", NOTHING_TWICE, "src/run/run.c",
           ("    case FAILURE_LAPSED: return after_lapse(run, a);\n"
            "    case FAILURE_OVERRIDDEN: return tell_overridden(run, a);\n"
            "    case FAILURE_FORBIDDEN: return tell_forbidden(run, a);\n",
            "    case FAILURE_LAPSED:\n    case FAILURE_FORBIDDEN: return after_lapse(run, a);\n"
            "    case FAILURE_OVERRIDDEN: return tell_overridden(run, a);\n"),
           by="tests/system/test_wrapper.py::test_forbidden_is_never_retried"),
    broken("fifty runs ask fifty times", INVISIBLE, "src/run/recover.c",
           ("    return is_another(&now, failed) && !refused(",
            "    return false && !refused("),
           by="tests/system/test_wrapper_fleet.py::test_fifty_runs_share_one_pull"),
    # -- silence is a bug ------------------------------------------------------------------------
    broken("a run that is lost ends as the client did", NO_SILENCE, "src/run/run.c",
           ("    run->event.message = run->hopeless.text;\n    return RUN_HOPELESS;\n",
            "    run->event.message = run->hopeless.text;\n    return 1;\n"),
           by="tests/system/test_wrapper.py::test_forbidden_is_never_retried"),
    broken("an incident is told twice", NO_SILENCE, "src/alert/incident.c",
           ("    if (!p->remind_ms || now - i->told_at < p->remind_ms)\n", "    if (false)\n"), by="unit incident"),
    broken("a run that is lost is not logged", NO_SILENCE, "src/run/run.c",
           ("    if (noteworthy)\n        event_run(run->relay, &run->event);\n", ""),
           by="tests/system/test_wrapper.py::test_forbidden_is_never_retried"),
]
