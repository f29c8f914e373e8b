"""What credrelay promises and which tests would notice it being broken: the rows of docs/reliability.md.

A row is a promise, the part that runs its tests (check, torture, fuzz, mutants, power-cut, model), and the
tests: a folder ("tests/x/"), file or function of pytest's, "unit NAME", "fuzz NAME", "mutant NAME", "model NAME",
"power NAME"; a name that ends with "*" stands for all that begin so.  scripts/reliability has the results."""
from dataclasses import dataclass


@dataclass(frozen=True)
class Promise:
    says: str
    tests: tuple
    part: str = "check"


def promise(says, *tests, part="check"):
    return Promise(says, tests, part)


SYSTEM, CONTRACT, CRASH = "tests/system/", "tests/contract/", "tests/crash/"

SECTIONS = {
    "What must always hold": [
        promise("A usable login is never replaced by one that is blank, malformed, older or known to be refused; "
                "nothing is erased on failure",
                "unit decide", "unit login", SYSTEM + "test_sync.py::test_no_login_is_never_published",
                SYSTEM + "test_login_file.py::test_a_login_made_during_the_pull_is_not_overwritten"),
        promise("A login only moves forward: every order of syncs, with files and memories lost, ends with the same "
                "login on every machine",
                "unit fleet", "unit memory", SYSTEM + "test_racing_writers.py",
                SYSTEM + "test_sync.py::test_out_of_step", SYSTEM + "test_rollback.py"),
        promise("At most one machine rotates; no other has a refresh token on its disk",
                "unit succession", SYSTEM + "test_two_values.py", SYSTEM + "test_renew.py"),
        promise("Only writers write: a reader's key cannot put, and a reader never tries",
                SYSTEM + "test_sync.py::test_a_reader_is_refused_before_the_store",
                CONTRACT + "test_store_ssm.py::test_a_readers_key_cannot_put",
                CONTRACT + "test_store_ssm.py::test_a_reader_does_not_put_before_any_request",
                SYSTEM + "test_aws_policy.py::test_each_role_may_do_what_it_needs_and_nothing_else"),
        promise("The file is whole, private from its first byte, with what stood beside the login",
                "unit file", "unit login-file", "unit json-span", SYSTEM + "test_login_file.py"),
        promise("What was acknowledged is on the disk: content, name and folder, in this order",
                SYSTEM + "test_on_the_disk.py"),
        promise("The wrapper is invisible on a good day: bytes, order, status, signals, bounded memory",
                "unit verdict", SYSTEM + "test_wrapper_streams.py", SYSTEM + "test_wrapper_process.py"),
        promise("No work is done twice: a run is repeated only if it did nothing",
                SYSTEM + "test_wrapper.py::test_work_is_not_repeated",
                SYSTEM + "test_wrapper.py::test_forbidden_is_never_retried",
                SYSTEM + "test_wrapper.py::test_failures_of_others_pass_through"),
        promise("A lapsed login heals, in every recorded version of the client and every format",
                SYSTEM + "test_wrapper.py::test_matrix",
                SYSTEM + "test_wrapper.py::test_every_version_recovers_in_every_format",
                SYSTEM + "test_wrapper_fleet.py"),
        promise("What nobody can recover from is logged, told once, and ends with 78",
                "unit incident", "unit books", SYSTEM + "test_alerts.py"),
    ],
    "Every system call": [
        promise("Killed or failed at a system call, the login is whole and the next run ends right (a sample)",
                CRASH + "test_every_call.py"),
        promise("The same for a run that is killed again in the run after", CRASH + "test_killed_again.py"),
        promise("The same for the watcher that stays, and the processes it forks", CRASH + "test_every_call_of_watch.py"),
        promise("The same for `join` (a sample)", CRASH + "test_every_call_of_join.py::test_every_call_of_join"),
        promise("The same for `service install` and `uninstall` (a sample)", CRASH + "test_every_call_of_service.py"),
        promise("The same for `aws rotate-key`: there is always a key that works (a sample)",
                CRASH + "test_rotate_key.py"),
        promise("The first and the third of these at every system call, in each of the ways",
                CRASH + "test_every_call.py", CRASH + "test_every_call_of_watch.py", part="torture"),
    ],
    "Every allocation": [
        promise("With the Nth allocation failing, once or for ever: a message or success, no signal, no leak "
                "(a sample)",
                CRASH + "test_every_allocation.py", CRASH + "test_every_allocation_of_commands.py",
                CRASH + "test_starved_commands.py",
                CRASH + "test_every_call_of_join.py::test_every_allocation_of_join"),
        promise("The same for each helper (a sample)", CRASH + "test_starved_helpers.py"),
        promise("The commands at every allocation", CRASH + "test_every_allocation.py",
                CRASH + "test_every_allocation_of_commands.py", part="torture"),
    ],
    "Every bad byte": [
        promise("No input crashes a parser, the verdict or the pump, or makes it break what it promises",
                "fuzz *", part="fuzz"),
    ],
    "Every network": [
        promise("What a network, a proxy, TLS or AWS can do wrong ends in time, with its message, and the file "
                "untouched",
                "tests/matrix/", CONTRACT + "test_store_ssm.py::test_every_error_of_the_service_is_known"),
        promise("A store that misbehaves does no harm", SYSTEM + "test_bad_stores.py"),
        promise("Every store does what a store must", CONTRACT + "test_store_contract.py"),
    ],
    "Every file": [
        promise("Whatever stands where the login should be, as root and as an ordinary user, is respected, and said",
                SYSTEM + "test_file_matrix.py"),
        promise("Another user on the machine cannot read, replace or redirect anything of ours",
                SYSTEM + "test_strangers.py"),
    ],
    "Everybody at once": [
        promise("Publishers, pulls, wrappers, clients, readers and a killer at once: nothing torn, no version goes back, "
                "nothing left, nobody stuck",
                CRASH + "test_storm.py", SYSTEM + "test_login_file.py::test_everybody_at_once",
                SYSTEM + "test_wrapper_fleet.py::test_two_hundred_runs_and_killed_lock_holders"),
        promise("The storms for a minute", CRASH + "test_storm.py", part="torture"),
    ],
    "Power": [
        promise("No login that was acknowledged is lost or torn when the power is cut", "power *", part="power-cut"),
        promise("What judges the cuts finds what is missing", SYSTEM + "test_power_cut.py"),
    ],
    "Secrets": [
        promise("A token is in the file and in the store, and nowhere else, whatever command is run or fails",
                SYSTEM + "test_secrets.py", SYSTEM + "test_secrets_commands.py"),
        promise("What a compromised machine, store or network can do, and no more",
                SYSTEM + "test_join.py", SYSTEM + "test_aws_policy.py"),
    ],
    "Renewing": [
        promise("The protocol of renewing, proved by spin for small fleets, and refuted where it was broken on "
                "purpose",
                "model *", part="model"),
        promise("A year of a fleet in virtual time, by the code that decides: nobody without a login",
                "unit sim-few", "unit sim-few-revoked", "unit sim-asleep", "unit sim-many"),
        promise("Rotation after rotation by the real programs: no run fails",
                SYSTEM + "test_rotations.py", SYSTEM + "test_watch_renew.py"),
    ],
    "Tests that bite": [
        promise("The code broken on purpose, a promise at a time: a test notices each", "mutant *", part="mutants"),
        promise("Writers broken on purpose: going through every system call finds each", CRASH + "test_teeth.py"),
    ],
}
