"""For tests/contract/test_aws_config.py: what botocore makes of each case on standard input, a line
of JSON {environment, profile, region, service}; the answers as tests/unit/resolve_lines.c gives
them.  Runs under a Python that has botocore.

Files in which a section or a key stands twice are refused by botocore and read by other SDKs; the
reader is made as lenient here, so that what is read can be compared."""
import configparser
import functools
import json
import os
import sys

import botocore.configloader
import botocore.loaders
import botocore.session
from botocore.configprovider import ConfiguredEndpointProvider
from botocore.credentials import ConfigProvider, EnvProvider, SharedCredentialProvider
from botocore.endpoint_provider import EndpointProvider
from botocore.exceptions import BotoCoreError, InvalidConfigError, ProfileNotFound

configparser.RawConfigParser = functools.partial(configparser.RawConfigParser, strict=False)
SETTINGS = ["role_arn", "source_profile", "credential_process", "external_id", "role_session_name", "output",
            "duration_seconds", "services"]


def text(value):
    """As a setting that is not there: nothing."""
    return value if isinstance(value, str) and value else None


def keys_of(session, profile, chosen):
    providers = [] if chosen else [EnvProvider()]
    providers += [SharedCredentialProvider(os.environ["AWS_SHARED_CREDENTIALS_FILE"], profile),
                  ConfigProvider(os.environ["AWS_CONFIG_FILE"], profile)]
    for provider in providers:
        found = provider.load()
        if found:
            return found
    return None


class Endpoints(ConfiguredEndpointProvider):
    def _get_snake_case_service_id(self, name):
        return name  # of ssm and sts; looking it up takes the service's whole description


def endpoint(session, scoped, service):
    if session.get_config_variable("ignore_configured_endpoint_urls"):
        return None
    try:
        return text(Endpoints(session.full_config, scoped, service).provide())
    except InvalidConfigError:  # it names services that are not there, which we take as none
        scoped = {key: value for key, value in scoped.items() if key != "services"}
        return text(Endpoints(session.full_config, scoped, service).provide())


@functools.cache
def loader():
    return botocore.loaders.create_loader()


@functools.cache
def rules(service):
    return EndpointProvider(loader().load_service_model(service, "endpoint-rule-set-1"),
                            loader().load_data("partitions"))


def own_endpoint(case):
    flags = {name: case["environment"][f"AWS_USE_{variable}_ENDPOINT"] == "true"
             for name, variable in (("UseFIPS", "FIPS"), ("UseDualStack", "DUALSTACK"))}
    try:
        found = rules(case["service"]).resolve_endpoint(Region=case["region"], **flags)
        schemes = found.properties.get("authSchemes", [{}])
        return {"url": found.url + "/", "signed_for": schemes[0].get("signingRegion", case["region"])}
    except BotoCoreError as error:
        return {"error": str(error)}


def resolve(case):
    for name, value in case["environment"].items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
    session = botocore.session.Session(profile=case["profile"], include_builtin_handlers=False)
    session.register_component("data_loader", loader())
    if case.get("region"):
        return own_endpoint(case)
    try:
        profile = session.get_config_variable("profile") or "default"
        try:
            scoped = session.get_scoped_config()
        except ProfileNotFound:
            scoped = session.full_config["profiles"].get("default", {}) if profile == "default" else {}
        number, mode = scoped.get("max_attempts"), scoped.get("retry_mode")
        number, mode = os.environ.get("AWS_MAX_ATTEMPTS", number), os.environ.get("AWS_RETRY_MODE", mode)
        out = {
            "settings": {key: text(scoped.get(key)) for key in SETTINGS},
            "region": text(os.environ.get("AWS_DEFAULT_REGION") or scoped.get("region")),
            "endpoint_ssm": endpoint(session, scoped, "ssm"), "endpoint_sts": endpoint(session, scoped, "sts"),
            "ca_bundle": text(os.environ.get("AWS_CA_BUNDLE") or scoped.get("ca_bundle")),
            "max_attempts": int(number) if number else 5 if mode == "legacy" else 3,
            "fips": bool(scoped_flag(session, scoped, "use_fips_endpoint", "AWS_USE_FIPS_ENDPOINT")),
            "dual_stack": bool(scoped_flag(session, scoped, "use_dualstack_endpoint",
                                           "AWS_USE_DUALSTACK_ENDPOINT")),
        }
        found = keys_of(session, profile, case["profile"])
        out.update(id=found and found.access_key, secret=found and found.secret_key, token=found and found.token)
        return out
    except BotoCoreError as error:
        return {"error": f"{type(error).__name__}: {error}"}


def scoped_flag(session, scoped, key, variable):
    return str(os.environ.get(variable, scoped.get(key, ""))).lower() == "true"


for line in sys.stdin:
    print(json.dumps(resolve(json.loads(line))), flush=True)
