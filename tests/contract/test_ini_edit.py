"""What an edit does to an AWS file, as botocore reads it before and after: the changed settings are
changed and all else is as it was.  What it does to the bytes: only lines of the section differ."""
import json
import os
import random
import subprocess
from pathlib import Path

from harness.world import FAKE

BUILD = Path(os.environ.get("CREDRELAY_BUILD", "/nonexistent"))
CASES = 1500
KEYS = ["aws_access_key_id", "aws_secret_access_key", "region", "s3"]


class Writer:
    """Files as people write them, and worse."""

    def __init__(self, chance):
        self.chance = chance

    def maybe(self, *choices):
        return self.chance.choice(choices)

    def value(self):
        return self.maybe("", "a", "x=y", "a b", "# no comment", "; none", "[b]", '"q"', "é", "k" * 1200)

    def setting(self, key, indent):
        text = indent + self.maybe(key, key, key.upper()) + self.maybe(" = ", "=", " : ", "\t=\t", "= ", " =")
        text += self.value() + self.maybe("", "", "  ")
        for _ in range(self.maybe(0, 0, 0, 1, 3)):
            text += "\n" + self.maybe("", f"{indent}# c", f"{indent}  n = 1", f"{indent}\tn = 2", f"{indent} [n]")
        return text

    def filler(self):
        return self.maybe("", "", "# c", "  ; c", "#[a]", "   ", "# region = x")

    def section(self, name):
        keys = self.chance.sample(KEYS, self.chance.randint(0, 3))
        if keys and self.chance.random() < 0.03:
            keys.append(keys[0])
        lines = [self.maybe("", "", "", "  ") + f"[{name}]" + self.maybe("", "", " # why")]
        for key in keys:
            lines += [self.filler() for _ in range(self.maybe(0, 0, 1, 2))]
            lines.append(self.setting(key, self.maybe("", "", "", "  ", "\t")))
        return "\n".join(lines + [self.filler() for _ in range(self.maybe(0, 1, 2))])

    def file(self):
        names = self.chance.sample(["a", "b", "profile a", "services c"], self.chance.randint(0, 4))
        if names and self.chance.random() < 0.03:
            names.append(names[0])
        text = "\n".join([self.filler() for _ in range(self.maybe(0, 0, 1))] + [self.section(n) for n in names])
        text += self.maybe("", "\n", "\n\n")
        return text.replace("\n", self.maybe("\n", "\n", "\r\n", "\r"))

    def case(self):
        return {"text": self.file(), "section": "a",
                "changes": {key: self.maybe(None, "NEW", "n=w : x", "NEW" * 400) for key in
                            self.chance.sample(KEYS, self.chance.randint(1, 4))}}


def edited(world, cases):
    lines = "".join(json.dumps(case) + "\n" for case in cases)
    ran = world.run(BUILD / "tests" / "unit" / "ini-edit-lines", input=lines)
    assert (ran.status, ran.err) == (0, ""), ran
    return [json.loads(line) for line in ran.out.splitlines()]


def as_botocore_reads(world, texts):
    paths = []
    for n, text in enumerate(texts):
        paths.append(world.home / f"file-{n}")
        paths[-1].write_bytes(text.encode())
    ran = subprocess.run([os.environ["MOTO_PYTHON"], FAKE / "botocore_parse.py"], text=True, check=True, env=world.env,
                         input="".join(f"{p}\n" for p in paths), stdout=subprocess.PIPE)
    return [json.loads(line) for line in ran.stdout.splitlines()]


def expected(before, case):
    """What must be read afterwards."""
    after = {section: dict(settings) for section, settings in before.items()}
    for key, value in case["changes"].items():
        if value is not None:
            after.setdefault("a", {})[key] = value
        elif "a" in after:
            after["a"].pop(key, None)
    return after


def untouched(before, after):
    """Every line that is not of the section, with its end, is still there, in the same order."""
    kept, inside, others = iter(after.splitlines(keepends=True)), False, []
    for line in before.splitlines(keepends=True):
        text = line.strip()
        if text.startswith("[") and not text.startswith("[n]"):
            inside = text.startswith("[a]")
        if not inside or text.startswith(("#", ";")):
            others.append(line)
    if others and not others[-1].endswith(("\n", "\r")):
        others.pop()  # it may have been given an end
    return all(line in kept for line in others)


def test_an_edit_changes_what_it_should_and_nothing_else(world):
    seed = random.randrange(1 << 32)
    writer = Writer(random.Random(seed))
    cases = [writer.case() for _ in range(CASES)]
    answers = edited(world, cases)
    assert len(answers) == CASES
    before = as_botocore_reads(world, [case["text"] for case in cases])
    after = as_botocore_reads(world, [answer.get("text", "") for answer in answers])
    done = 0
    for case, answer, old, new in zip(cases, answers, before, after):
        told = (seed, case, answer, old, new)
        if "error" in answer:
            assert old is None or "would continue the setting above" in answer["error"], told
        elif old is not None:
            done += 1
            assert new == expected(old, case), told
            if "  [" not in case["text"]:  # that may be a header or continue a value
                assert untouched(case["text"], answer["text"]), told
    assert done > CASES * 0.8, (seed, done)
