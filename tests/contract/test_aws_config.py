"""The AWS files are read as botocore reads them, and endpoints are what botocore makes them: the
same cases, made up at random, given to both."""
import json
import os
import random
import string
import subprocess
from pathlib import Path

from harness.world import FAKE

BUILD = Path(os.environ.get("CREDRELAY_BUILD", "/nonexistent"))
FILES = 300
VARIABLES = ["AWS_PROFILE", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_SSM", "AWS_ENDPOINT_URL_STS",
             "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "AWS_MAX_ATTEMPTS", "AWS_RETRY_MODE", "AWS_CA_BUNDLE",
             "AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]


class Writer:
    """AWS files as people write them."""

    def __init__(self, chance):
        self.chance = chance

    def maybe(self, *choices):
        return self.chance.choice(choices)

    def word(self, least=1, most=8):
        return "".join(self.chance.choice(string.ascii_letters + "0123456789/+=") for _ in
                       range(self.chance.randint(least, most)))

    def value(self, key):
        url = f"http{self.maybe('', 's')}://{self.word(3).lower().strip('/+=') or 'h'}.example"
        values = {
            "region": self.maybe("us-west-2", "eu-central-1", "cn-north-1"), "endpoint_url": url,
            "max_attempts": self.maybe("1", "4", "10"), "retry_mode": self.maybe("legacy", "standard", "adaptive"),
            "use_fips_endpoint": self.maybe("true", "True", "false"),
            "use_dualstack_endpoint": self.maybe("true", "TRUE", "false"),
            "aws_session_token": self.word(1200, 1200), "services": "s" + self.maybe("", "2"),
            "ignore_configured_endpoint_urls": self.maybe("false", "false", "true")}
        if key in ("aws_access_key_id", "aws_secret_access_key"):
            return self.word(4, 40)
        text = values.get(key) or self.word() + self.maybe("", "", " # no comment", " ; none", "=x", ": y", ' "q"')
        return text if key in values else text + self.maybe("", "", "\n  more", "\n\tand\n more")

    def setting(self, key, indent):
        key = self.maybe(key, key, key.upper(), key.title())
        blank = self.maybe(" ", " ", "", "\t", "   ")
        return indent + key + blank + self.maybe("=", "=", "=", ":") + blank + self.value(key.lower()).replace(
            "\n", "\n" + indent) + self.maybe("", "", " ", "\t")

    def nested(self, indent):
        lines = [indent + self.maybe("s3 =", "ssm =", "sts =", "dynamodb=")]
        for _ in range(self.maybe(1, 2)):
            lines.append(f"{indent}  {self.maybe('endpoint_url', 'addressing_style')}{self.maybe(' = ', '=')}"
                         f"{self.value('endpoint_url')}")
        return "\n".join(lines)

    def header(self, name, credentials):
        if credentials:
            return self.maybe(name, name, f"profile {name}", f" {name}")
        if name == "default":
            return self.maybe("default", "default", "profile default", "Default", "DEFAULT")
        gap = self.maybe(" ", " ", "  ", "\t")
        return self.maybe(f"profile{gap}{name}", f"profile{gap}{name}", f'profile "{name}"', f"profile '{name}'",
                          f"profile{gap}{name} ", name, f"Profile {name}", f"profile {name} x", f"profile '{name}",
                          f"profile {name[:1]}\\{name[1:]}" if name[1:] else f"profile{name}", f"profiles {name}")

    def section(self, credentials):
        name = self.maybe("default", "p", "p", "x y" if credentials else "q")
        keys = ["aws_access_key_id", "aws_secret_access_key", "aws_session_token", "region", "endpoint_url", "services",
                "max_attempts", "retry_mode", "role_arn", "source_profile", "external_id", "output", "ca_bundle",
                "use_fips_endpoint", "use_dualstack_endpoint", "ignore_configured_endpoint_urls"]
        chosen = self.chance.sample(keys, self.chance.randint(1, 6))
        if "aws_access_key_id" in chosen and "aws_secret_access_key" not in chosen:
            chosen.append("aws_secret_access_key")
        if "aws_access_key_id" not in chosen and "aws_secret_access_key" in chosen:
            chosen.remove("aws_secret_access_key")
        indent = self.maybe("", "", "", "  ")
        lines = [f"[{self.header(name, credentials)}]" + self.maybe("", "", " # why", "   ")]
        for key in chosen or ["output"]:
            lines.append(self.setting(key, indent))
            lines += self.chance.sample(["", "# comment", "  ; comment = x", indent + "#x = y", "   "],
                                        self.maybe(0, 0, 1, 2))
            if self.maybe(*range(10)) == 0:
                lines.append(self.nested(indent))
        return "\n".join(lines)

    def services(self):
        indent = self.maybe("", "", "  ")
        name = "s" + self.maybe("", "2")
        return (f"[services {name}]\n" if self.maybe(1, 1, 0) else f'[services "{name}"]\n') + "\n".join(
            self.nested(indent) for _ in range(self.maybe(1, 2)))

    def file(self, credentials):
        sections = [self.section(credentials) for _ in range(self.chance.randint(0, 4))]
        if not credentials:
            sections += [self.services() for _ in range(self.maybe(0, 1, 2))]
            sections += self.maybe([], [], ["[sso-session p]\nsso_region = x"], ["[plugins]\na = b"])
        self.chance.shuffle(sections)
        text = self.maybe("", "# comment\n", "\n\n") + "\n".join(sections) + self.maybe("", "\n", "\n\n")
        return text.replace("\n", "\r\n") if self.maybe(*range(4)) == 0 else text

    def environment(self):
        values = {"AWS_PROFILE": "p", "AWS_DEFAULT_REGION": "ap-south-1", "AWS_ENDPOINT_URL": "http://all.example",
                  "AWS_ENDPOINT_URL_SSM": "http://ssm.example", "AWS_ENDPOINT_URL_STS": "http://sts.example",
                  "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true", "AWS_MAX_ATTEMPTS": "7", "AWS_RETRY_MODE": "legacy",
                  "AWS_CA_BUNDLE": "/ca.pem", "AWS_USE_FIPS_ENDPOINT": "true", "AWS_USE_DUALSTACK_ENDPOINT": "true"}
        out = {name: None for name in VARIABLES}
        out.update({name: values[name] for name in values if self.chance.random() < 0.1})
        if self.chance.random() < 0.1:
            out.update(AWS_ACCESS_KEY_ID="AKENV", AWS_SECRET_ACCESS_KEY="senv")
        return out


def ask_both(world, cases):
    lines = "".join(json.dumps(case) + "\n" for case in cases)
    ours = world.run(BUILD / "tests" / "unit" / "resolve-lines", input=lines)
    assert ours.status == 0, ours
    theirs = subprocess.run([os.environ["MOTO_PYTHON"], FAKE / "botocore_resolve.py"], input=lines, text=True,
                            stdout=subprocess.PIPE, check=True, env=world.env)
    return [[json.loads(line) for line in out.splitlines()] for out in (ours.out, theirs.stdout)]


def comparable(answer):
    """Without the keys where they are a role's: botocore was not asked for those."""
    of_role = answer.get("settings", {}).get("role_arn")
    return {key: value for key, value in answer.items() if not of_role or key not in ("id", "secret", "token")}


def test_files_are_read_as_botocore_reads_them(world):
    seed = random.randrange(1 << 32)
    chance = random.Random(seed)
    cases = []
    for n in range(FILES):
        writer = Writer(chance)
        paths = {}
        for name in ("credentials", "config"):
            path = world.home / f"{n}.{name}"
            path.write_bytes(writer.file(name == "credentials").encode())
            paths[name] = str(path)
        cases.append({"profile": chance.choice([None, None, "p", "q", "x y"]), "environment": {
            **writer.environment(), "AWS_SHARED_CREDENTIALS_FILE": paths["credentials"],
            "AWS_CONFIG_FILE": paths["config"]}})
    ours, theirs = ask_both(world, cases)
    assert len(ours) == len(theirs) == FILES
    for n in range(FILES):
        if "ProfileNotFound" in theirs[n].get("error", ""):
            assert ours[n]["id"] in (None, "AKENV"), (seed, n)
            continue
        where = cases[n]["environment"]
        assert comparable(ours[n]) == comparable(theirs[n]), (seed, n, cases[n], *(
            Path(where[v]).read_text() for v in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE")))


REGIONS = ["us-west-2", "us-east-1", "eu-central-1", "cn-north-1", "cn-northwest-1", "us-gov-west-1", "us-gov-east-1",
           "ap-southeast-7", "ca-west-1"]


def told(answer):
    return answer.get("url"), answer.get("signed_for")


def test_endpoints_are_botocores(world):
    cases = [{"profile": None, "region": region, "service": service, "environment": {
        "AWS_USE_FIPS_ENDPOINT": fips, "AWS_USE_DUALSTACK_ENDPOINT": dual, "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null"}}
        for region in REGIONS for service in ("ssm", "sts", "kms", "iam") for fips in ("false", "true") for dual in ("false", "true")]
    ours, theirs = ask_both(world, cases)
    different = [(case["region"], case["service"], case["environment"]["AWS_USE_FIPS_ENDPOINT"],
                  case["environment"]["AWS_USE_DUALSTACK_ENDPOINT"], *map(told, (mine, other)))
                 for case, mine, other in zip(cases, ours, theirs) if told(mine) != told(other)]
    # China has no FIPS endpoints, whatever the rules make of it.
    assert not [row for row in different if row[1:3] != ("iam", "true") or not row[0].startswith("cn-")]
