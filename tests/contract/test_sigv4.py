"""Our signatures are botocore's, on random requests."""
import json
import os
import random
import string
import subprocess
import urllib.parse
from pathlib import Path

from harness.world import FAKE

BUILD = Path(os.environ.get("CREDRELAY_BUILD", "/nonexistent"))
REQUESTS = 1000


def body(chance):
    kind = chance.randrange(6)
    if kind == 0:
        return b""
    if kind == 1:
        return json.dumps({"Name": "/claude/oauth", "Value": chance.random()}).encode()
    if kind == 2:
        return "".join(chance.choice("aé漢🎉\"\\ \n") for _ in range(200)).encode()
    return chance.randbytes(chance.choice([1, 55, 56, 63, 64, 65, 1000, 4096, 100_000]))


def one_request(chance):
    def text(alphabet, least, most):
        return "".join(chance.choice(alphabet) for _ in range(chance.randint(least, most)))

    scheme = chance.choice(["http", "https"])
    host = chance.choice(["127.0.0.1", "ssm.us-west-2.amazonaws.com", "h", "a-b.example"])
    port = chance.choice(["", ":80", ":443", ":4566", ":65535"])
    own = {"http": ":80", "https": ":443"}[scheme]
    time = f"20{chance.randint(15, 99)}0{chance.randint(1, 9)}{chance.randint(10, 28)}T{chance.randint(10, 23)}4455Z"
    headers = [["host", host + (port if port != own else "")], ["x-amz-date", time],
               ["content-type", chance.choice(["application/x-amz-json-1.1", "a/b;  charset = utf-8"])]]
    if chance.random() < 0.7:
        headers.append(["x-amz-target", "AmazonSSM." + text(string.ascii_letters, 1, 30)])
    if chance.random() < 0.5:
        headers.append(["x-amz-security-token", text(string.ascii_letters + "+/=", 1, 20_000)])
    if chance.random() < 0.3:
        headers.append(["x-amz-meta", " " * chance.randrange(3) + text("ab c\"", 1, 40) + " x "])
    chance.shuffle(headers)
    names = sorted({text(string.ascii_letters, 1, 6) for _ in range(chance.choice([0, 0, 1, 4]))})
    return {
        "method": chance.choice(["POST", "GET", "PUT"]), "scheme": scheme, "authority": host + port,
        "path": chance.choice(["/", "/", "/a/b", "/" + urllib.parse.quote(text("aé b~'()*", 1, 12))]),
        "query": "&".join(f"{name}={urllib.parse.quote(text('aé /+~', 0, 8), safe='-_.~')}" for name in names),
        "headers": headers, "body": body(chance).hex(),
        "region": chance.choice(["us-west-2", "cn-north-1", "x"]), "service": chance.choice(["ssm", "sts", "iam"]),
        "time": time, "key_id": text(string.ascii_uppercase + string.digits, 16, 128),
        "secret": text(string.ascii_letters + string.digits + "+/:=", 1, 200)}


def test_the_same_as_botocore(world):
    seed = random.randrange(1 << 32)
    chance = random.Random(seed)
    cases = [one_request(chance) for _ in range(REQUESTS)]
    lines = "".join(json.dumps(case) + "\n" for case in cases)
    ours = world.run(BUILD / "tests" / "unit" / "sign-lines", input=lines)
    assert ours.status == 0, ours.err
    theirs = subprocess.run([os.environ["MOTO_PYTHON"], FAKE / "botocore_sign.py"], input=lines, text=True,
                            stdout=subprocess.PIPE, check=True, env=world.env)
    ours, theirs = ours.out.splitlines(), theirs.stdout.splitlines()
    assert len(ours) == len(theirs) == REQUESTS
    wrong = [n for n in range(REQUESTS) if ours[n] != theirs[n]]
    assert not wrong, (seed, len(wrong), cases[wrong[0]], ours[wrong[0]], theirs[wrong[0]])
