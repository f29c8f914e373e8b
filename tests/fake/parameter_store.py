#!/usr/bin/env python3
"""A Parameter Store that is as strict as AWS, for tests: moto's server with what it leaves out.

    parameter_store.py [-H 127.0.0.1] [-p PORT] [-c CERT -k KEY]

Prints the port it listens on (PORT 0 picks one) and serves until killed.  Runs under a Python that
has moto (MOTO_PYTHON).  Loopback only: it has an unauthenticated door of its own, /strict/...

What AWS does and moto 5.2.1 does not, added here:
 * SSM permissions are evaluated against the parameter's ARN (moto: "*", so that a policy naming a
   parameter denies everything), with policy variables and conditions.
 * Errors of signatures and permissions are JSON with status 400 for SSM, XML for STS and IAM.
 * A signature more than five minutes off, an inactive key and an unsigned x-amz-* header are refused.
 * SecureStrings under a customer key need kms:Encrypt, kms:Decrypt (kms:ViaService,
   kms:EncryptionContext:PARAMETER_ARN, kms:ResourceAliases in conditions).  What a key's own policy
   says is not looked at: every key is as with AWS's default one, which leaves it to IAM.
 * IAM and KMS permissions are evaluated against the user and the key that a request is about.
 * Values end at 4096 (Standard) and 8192 (Advanced) characters.
 * A new access key can take time to be known everywhere, and to each service its own.
 * A key that CloudFormation makes may have tags and a policy.
 * Sessions of roles expire; AssumeRole looks at the external id and at the longest session,
   AssumeRoleWithWebIdentity at the token.

The texts of its errors come from AWS's documentation and from public reports.

The door for tests, each a POST of JSON unless said otherwise:
 /strict/user     {name, policy, age}       -> {key, secret}; replaces a user of that name
 /strict/key      {key, active}             -> {}
 /strict/put      {region, name, value, ...} -> {version}; no permission needed
 /strict/label    {region, name, label, version} -> {}
 /strict/delete   {region, name}            -> {}
 /strict/history  {region, name}            -> [{version, value, type, tier, kms_key}]
 /strict/clock    {offset}                  -> {}; AWS's clock, in seconds ahead of the real one
 /strict/delay    {seconds, service}        -> {}; how long a new access key is not known (to a service)
 /strict/strange  {times, service}          -> {}; how often a service refuses keys that are made from now on
 /strict/users    {}                        -> {user: {keys: {id: status}, policies: {name: document}}}
 /strict/kms      {region, alias}           -> {id, arn, alias}; a customer-managed key, new or there
 /strict/second   {user, age, active}       -> {key, secret}; one more key of a user that is there
 /strict/drop     {user, key}               -> {}; the key is deleted
 /strict/used     {key}                     -> {}; the key was used just now
 /strict/forget   {user}                    -> {}; with its keys and policies
 /strict/quiet    {}                       -> {}; when every connection made before is over
 /strict/faults   [fault, ...]              -> {}; replaces those left, and empties the log
 /strict/role     {name, policy, ...}       -> {arn}; external_id, web_token, longest (seconds)
 /strict/session  {role}                    -> {AccessKeyId, SecretAccessKey, Token, Expiration}
 /strict/expire   {key}                     -> {}; a session's keys have expired
 /strict/log      {}                        -> [{action, name, key, status, at, region, form}]

A fault is {action, times, ...}: the next TIMES requests of ACTION ("*": any)
   status, type, message, headers, body   are answered so (type: the error's code)
   delay                                  wait as many seconds first
   drop                                   have their connection closed without an answer
   after                                  true: are carried out first, then delayed, dropped or answered
"""
import argparse
import calendar
import io
import json
import os
import re
import socket
import sys
import threading
import time
from datetime import timedelta
from email.utils import formatdate
from fnmatch import translate
from urllib.parse import parse_qsl, urlparse
from xml.sax.saxutils import escape

os.environ.setdefault("MOTO_ENABLE_ISO_REGIONS", "false")

import flask  # noqa: E402
from moto.core.authorization import ActionAuthenticatorMixin  # noqa: E402
from moto.core.exceptions import JsonRESTError, _RESTError  # noqa: E402
from moto.iam.models import iam_backends, mark_account_as_visited  # noqa: E402
from moto.iam.responses import IamResponse  # noqa: E402
from moto.kms.models import Key, kms_backends  # noqa: E402
from moto.kms.responses import KmsResponse  # noqa: E402
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app  # noqa: E402
from moto.sts.models import sts_backends  # noqa: E402
from moto.ssm import exceptions as ssm_exceptions  # noqa: E402
from moto.ssm.models import ssm_backends  # noqa: E402
from moto.ssm.responses import SimpleSystemManagerResponse  # noqa: E402
from werkzeug.serving import WSGIRequestHandler, make_server  # noqa: E402

ACCOUNT = "123456789012"
SKEW_ALLOWED = 300
STANDARD_LIMIT, ADVANCED_LIMIT = 4096, 8192

clock_offset, iam_delay = 0.0, {}  # seconds; of each service, None for all
strange = {}  # {service: (how often it still refuses new keys, since when they are new)}


def now():
    return time.time() + clock_offset


def stamp(seconds):
    return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(seconds))


# -- policies ----------------------------------------------------------------------------------


def listed(x):
    return x if isinstance(x, list) else [x]


def matches(pattern, text, context):
    """IAM's wildcards * and ?, after ${variables}; a variable that is not known matches nothing."""
    pattern = re.sub(r"\$\{([^}]+)\}", lambda m: context.get(m[1].lower(), "\0"), pattern)
    return re.match(translate(pattern.replace("[", "[[]")), text) is not None


def condition_holds(condition, context):
    for operator, wanted in condition.items():
        of_any = operator.startswith("ForAnyValue:")
        base = operator.removeprefix("ForAnyValue:").removesuffix("IfExists")
        wild = base in ("StringLike", "StringNotLike", "ArnLike", "ArnEquals")
        for key, values in wanted.items():
            have = context.get(key.lower())
            if have is None:
                if operator.endswith("IfExists") or "Not" in base:
                    continue
                return False
            if of_any != isinstance(have, list):
                return False  # a key of many values and an operator for one, or the other way round
            hit = any(matches(v, one, context) if wild else v == one
                      for v in listed(values) for one in listed(have))
            if hit == ("Not" in base):
                return False
    return True


def statement_applies(statement, action, resource, context):
    def named(key):
        return any(matches(a.lower(), action.lower(), {}) for a in listed(statement.get(key, [])))

    return (
        (not named("NotAction") if "NotAction" in statement else named("Action"))
        and any(matches(r, resource, context) for r in listed(statement.get("Resource", "*")))
        and condition_holds(statement.get("Condition", {}), context)
    )


def decide(policies, action, resource, context):
    """'allow', 'explicit' (a deny) or 'implicit' (nothing allows it)."""
    verdict = "implicit"
    for policy in policies:
        for statement in listed(policy["Statement"]):
            if statement_applies(statement, action, resource, context):
                if statement["Effect"] == "Deny":
                    return "explicit"
                verdict = "allow"
    return verdict


def documents(policies):
    """moto hands out attached policies as objects, inline ones as texts or dicts."""
    for policy in policies:
        if hasattr(policy, "versions"):
            policy = next(v for v in policy.versions if v.is_default).document
        elif not isinstance(policy, str):
            policy = policy["policy_document"]
        yield json.loads(policy)


# -- who may do what ---------------------------------------------------------------------------


def refuse(response, json_code, query_code, message, query_status=403, key="message"):
    """Raise the error in the shape of the service's protocol."""
    if response.headers.get("X-Amz-Target"):
        error = JsonRESTError(json_code, message)
        error.code = 400
        error.description = json.dumps({"__type": json_code, key: message})
        response.response_headers["Content-Type"] = "application/x-amz-json-1.1"
    else:
        error = _RESTError(query_code, message)
        error.code = query_status
        error.description = (
            "<ErrorResponse><Error><Type>Sender</Type>"
            f"<Code>{query_code}</Code><Message>{escape(message)}</Message></Error>"
            "<RequestId>00000000-0000-0000-0000-000000000000</RequestId></ErrorResponse>"
        )
        response.response_headers["Content-Type"] = "text/xml"
    raise error


def bad_signature(response, message):
    refuse(response, "InvalidSignatureException", "SignatureDoesNotMatch", message)


def unknown_key(response):
    refuse(response, "UnrecognizedClientException", "InvalidClientTokenId",
           "The security token included in the request is invalid.")


def signature_fields(response):
    """(key id, region, signed header names) of the Authorization header."""
    authorization = response.headers.get("Authorization", "")
    if not authorization:
        refuse(response, "MissingAuthenticationTokenException", "MissingAuthenticationToken",
               "Missing Authentication Token")
    fields = re.match(
        r"AWS4-HMAC-SHA256 Credential=([^/,]+)/\d{8}/([^/]+)/[^/]+/aws4_request, ?"
        r"SignedHeaders=([^,]+), ?Signature=[0-9a-f]{64}$", authorization)
    if not fields:
        refuse(response, "IncompleteSignatureException", "IncompleteSignature",
               "Authorization header requires a valid signature", 400)
    return fields[1], fields[2], fields[3].split(";")


def check_time(response):
    signed_at = response.headers.get("X-Amz-Date", "")
    try:
        seconds = calendar.timegm(time.strptime(signed_at, "%Y%m%dT%H%M%SZ"))
    except ValueError:
        refuse(response, "IncompleteSignatureException", "IncompleteSignature",
               f"Date must be in ISO-8601 'basic format'. Got '{signed_at}'.", 400)
    if seconds < now() - SKEW_ALLOWED:
        bad_signature(response, f"Signature expired: {signed_at} is now earlier than "
                                f"{stamp(now() - SKEW_ALLOWED)} ({stamp(now())} - 5 min.)")
    if seconds > now() + SKEW_ALLOWED:
        bad_signature(response, f"Signature not yet current: {signed_at} is still later than "
                                f"{stamp(now() + SKEW_ALLOWED)} ({stamp(now())} + 5 min.)")


def check_signed_headers(response, names):
    needed = {"host", "x-amz-date"} | {
        name.lower() for name in response.headers.keys() if name.lower().startswith("x-amz-")}
    missing = sorted(needed - set(names))
    if missing:
        bad_signature(response,
                      f"'{missing[0]}' must be a 'SignedHeader' in the AWS Authorization.")


def check_key_usable(response, key_id):
    for key in iam_backends[response.current_account]["aws"].get_all_access_keys_for_all_users():
        if key.access_key_id == key_id:
            age = time.time() - calendar.timegm(key.create_date.utctimetuple())
            delay = iam_delay.get(response.service_name, iam_delay.get(None, 0))
            if key.status != "Active" or age < delay or is_strange(response.service_name, time.time() - age):
                unknown_key(response)


def is_strange(service, made):
    left, since = strange.get(service, (0, 0))
    if left == 0 or made < since:
        return False
    strange[service] = (left - 1, since)
    return True


def check_session(response, key_id):
    """Keys of a role end."""
    if key_id in expired_sessions:
        refuse(response, "ExpiredTokenException", "ExpiredToken",
               "The security token included in the request is expired")
    session = sts_backends[ACCOUNT]["aws"].get_assumed_role_from_access_key(key_id)
    if session and session.expiration.timestamp() < now():
        refuse(response, "ExpiredTokenException", "ExpiredToken",
               "The security token included in the request is expired")


def check_role(response):
    """What AWS looks at before it gives keys of a role."""
    arn, action = response._get_param("RoleArn"), response._get_action()
    rules = roles.get(arn)
    if rules is None or rules["external_id"] != response._get_param("ExternalId"):
        refuse(response, "", "AccessDenied",
               f"User: {getattr(response, 'strict_arn', 'anonymous')} is not authorized to perform: "
               f"sts:{action} on resource: {arn}")
    if response._get_int_param("DurationSeconds", 3600) > rules["longest"]:
        refuse(response, "", "ValidationError", "The requested DurationSeconds exceeds the "
               "MaxSessionDuration set for this role.", 400)


def check_web_identity(response):
    """Needs no signature: the token says who it is."""
    check_role(response)
    token = response._get_param("WebIdentityToken")
    if token == "EXPIRED":
        refuse(response, "", "ExpiredTokenException", "Token expired: current date/time 1795452612 "
               "must be before the expiration date/time 1795449012", 400)
    if token != roles[response._get_param("RoleArn")]["web_token"]:
        refuse(response, "", "InvalidIdentityToken", "No OpenIDConnect provider found in your account "
               "for https://issuer.example", 400)


def authenticate(self, iam_request_class, resource="*"):
    """In place of moto's own: signature, key and permission of one request."""
    if self._get_action() == "AssumeRoleWithWebIdentity":
        return check_web_identity(self)
    key_id, region, signed_names = signature_fields(self)
    check_time(self)
    check_signed_headers(self, signed_names)
    url = urlparse(self.uri)
    path = url.path + ("?" + url.query if url.query else "")
    try:
        request = iam_request_class(
            account_id=self.current_account, method=self.method, path=path, data=self.data,
            body=flask.request.environ["strict.body"], headers=self.headers, action=self._get_action())
    except _RESTError:
        unknown_key(self)
    check_key_usable(self, key_id)
    check_session(self, key_id)
    try:
        request.check_signature()
    except _RESTError:
        bad_signature(
            self, "The request signature we calculated does not match the signature you provided. "
                  "Check your AWS Secret Access Key and signing method. Consult the service "
                  "documentation for details.")
    if request._action == "sts:GetCallerIdentity":
        return  # needs no permission
    self.strict_arn = request._access_key.arn
    self.strict_policies = list(documents(request._access_key.collect_policies()))
    self.strict_context = {"aws:username": self.strict_arn.split("/")[-1],
                           "aws:requestedregion": region}
    demand(self, request._action, resource, {})
    if request._action == "sts:AssumeRole":
        check_role(self)


ActionAuthenticatorMixin._authenticate_and_authorize_action = authenticate


def demand(response, action, resource, more_context):
    context = {**response.strict_context, **{k.lower(): v for k, v in more_context.items()}}
    verdict = decide(response.strict_policies, action, resource, context)
    if verdict != "allow":
        why = (f"because no identity-based policy allows the {action} action"
               if verdict == "implicit" else "with an explicit deny in an identity-based policy")
        refuse(response, "AccessDeniedException", "AccessDenied",
               f"User: {response.strict_arn} is not authorized to perform: {action} "
               f"on resource: {resource} {why}", key="Message")


def parameter_arn(self):
    try:
        name = json.loads(self.raw_body or b"{}").get("Name", "*")
    except ValueError:
        name = "*"
    name = name.split(":parameter", 1)[1] if name.startswith("arn:") else name.split(":")[0]
    slash = "" if name.startswith("/") else "/"
    return f"arn:aws:ssm:{self.region}:{self.current_account}:parameter{slash}{name}"


SimpleSystemManagerResponse._determine_resource = parameter_arn


def user_arn(self):
    """The user that a request of IAM's names, or whose key it names; else the one who asks."""
    iam = iam_backends[self.current_account]["aws"]
    name, key = self._get_param("UserName"), self._get_param("AccessKeyId")
    if self._get_action() == "GetAccessKeyLastUsed":
        name = next((u.name for u in iam.users.values() if any(k.access_key_id == key for k in u.access_keys)), name)
    if name is None:
        authorization = signature_fields(self)[0]
        name = next((u.name for u in iam.users.values()
                     if any(k.access_key_id == authorization for k in u.access_keys)), "*")
    return f"arn:aws:iam::{self.current_account}:user/{name}"


moto_role_or_all = IamResponse._determine_resource


def iam_resource(self):
    found = moto_role_or_all(self)
    about_user = "User" in self._get_action() or "AccessKey" in self._get_action()
    return user_arn(self) if found == "*" and about_user else found


IamResponse._determine_resource = iam_resource


def kms_key(region, account, key_id):
    """(ARN, aliases) of a key by its id, its ARN or an alias."""
    arn = key_id if key_id.startswith("arn:") else f"arn:aws:kms:{region}:{account}:key/{key_id}"
    for key in kms_backends[account][region].keys.values():
        if key_id in (key.id, key.arn) or key_id.split(":")[-1] in key.aliases:
            return key.arn, sorted(key.aliases)
    return arn, []


def kms_resource(self):
    try:
        asked = json.loads(self.raw_body or b"{}")
    except ValueError:
        asked = {}
    key_id = asked.get("TargetKeyId") or asked.get("KeyId")
    return kms_key(self.region, self.current_account, key_id)[0] if key_id else "*"


KmsResponse._determine_resource = kms_resource

moto_key = Key.create_from_cloudformation_json


def key_of_a_stack(name, cloudformation_json, *arguments, **more):
    """CloudFormation's tags are {Key, Value}, KMS's {TagKey, TagValue}, and its policies are texts."""
    properties = dict(cloudformation_json["Properties"])
    properties["Tags"] = [{"TagKey": t["Key"], "TagValue": t["Value"]} for t in properties.get("Tags", [])]
    properties["KeyPolicy"] = json.dumps(properties["KeyPolicy"])
    return moto_key(name, {**cloudformation_json, "Properties": properties}, *arguments, **more)


Key.create_from_cloudformation_json = staticmethod(key_of_a_stack)


# -- SecureStrings and their limits ------------------------------------------------------------


def demand_kms(response, action, key_id):
    """The account's default key lets everybody in the account; a customer key does not."""
    if not key_id or key_id == "alias/aws/ssm":
        return
    key_id, aliases = kms_key(response.region, response.current_account, key_id)
    try:
        demand(response, action, key_id, {
            "kms:ViaService": f"ssm.{response.region}.amazonaws.com",
            "kms:ResourceAliases": aliases,
            "kms:EncryptionContext:PARAMETER_ARN": parameter_arn(response)})
    except JsonRESTError:
        refuse(response, "AccessDeniedException", "AccessDenied",
               "The ciphertext refers to a customer master key that does not exist, does not exist "
               "in this region, or you are not allowed to access. (Service: AWSKMS; Status Code: "
               "400; Error Code: AccessDeniedException)", key="Message")


def check_length(value, tier):
    if tier == "Standard" and len(value) > STANDARD_LIMIT:
        raise ssm_exceptions.ValidationException(
            "Standard tier parameters support a maximum parameter value of 4096 characters. To "
            "create a larger parameter value, upgrade the parameter to use the advanced-parameter "
            "tier. For more information, see https://docs.aws.amazon.com/systems-manager/latest/"
            "userguide/parameter-store-advanced-parameters.html")
    if len(value) > ADVANCED_LIMIT:
        raise ssm_exceptions.ValidationException(
            "Advanced tier parameters support a maximum parameter value of 8192 characters.")


moto_put = SimpleSystemManagerResponse.put_parameter
moto_get = SimpleSystemManagerResponse.get_parameter
moto_history = SimpleSystemManagerResponse.get_parameter_history


def put_parameter(self):
    versions = self.ssm_backend._parameters.get(self._get_param("Name"))
    newest = versions[-1] if versions else None
    tier = self._get_param("Tier") or "Standard"
    if newest and newest.tier == "Advanced":
        tier = "Advanced"
    check_length(self._get_param("Value") or "", tier)
    if self._get_param("Type") == "SecureString":
        demand_kms(self, "kms:Encrypt" if tier == "Standard" else "kms:GenerateDataKey",
                   self._get_param("KeyId") or (newest.keyid if newest else None))
    return moto_put(self)


def demand_decryption(self):
    found = self.ssm_backend.get_parameter(self._get_param("Name"))
    if found and found.parameter_type == "SecureString" and self._get_param("WithDecryption"):
        demand_kms(self, "kms:Decrypt", found.keyid)


def get_parameter(self):
    demand_decryption(self)
    return moto_get(self)


def get_parameter_history(self):
    demand_decryption(self)
    return moto_history(self)


SimpleSystemManagerResponse.put_parameter = put_parameter
SimpleSystemManagerResponse.get_parameter = get_parameter
SimpleSystemManagerResponse.get_parameter_history = get_parameter_history


# -- the door for tests ------------------------------------------------------------------------

faults, log, lock = [], [], threading.Lock()
one_at_a_time = threading.Lock()  # moto's models know no threads: two puts at once can get one number
roles, expired_sessions = {}, set()


def make_user(name, policy, age=0):
    iam = iam_backends[ACCOUNT]["aws"]
    if name in iam.users:
        for key in list(iam.users[name].access_keys):
            iam.delete_access_key(key.access_key_id, name)
    else:
        iam.create_user("aws", name)
    iam.put_user_policy(name, "test", json.dumps(policy))
    key = iam.create_access_key(name)
    key.create_date -= timedelta(seconds=age)
    return {"key": key.access_key_id, "secret": key.secret_access_key}


def second_key(user, age=0, active=True):
    key = iam_backends[ACCOUNT]["aws"].create_access_key(user)
    key.create_date -= timedelta(seconds=age)
    key.status = "Active" if active else "Inactive"
    return {"key": key.access_key_id, "secret": key.secret_access_key}


def drop_key(user, key):
    iam_backends[ACCOUNT]["aws"].delete_access_key(key, user)
    return {}


def use_key(key):
    mark_account_as_visited(ACCOUNT, key, "ssm", "us-west-2")
    return {}


def make_role(name, policy, external_id=None, web_token=None, longest=3600):
    iam, arn = iam_backends[ACCOUNT]["aws"], f"arn:aws:iam::{ACCOUNT}:role/{name}"
    if arn not in roles:
        iam.create_role(name, json.dumps({"Version": "2012-10-17", "Statement": []}), "/", None, "", [],
                        "43200")
    iam.put_role_policy(name, "test", json.dumps(policy))
    roles[arn] = {"external_id": external_id, "web_token": web_token, "longest": longest}
    return {"arn": arn}


def make_session(role, seconds=3600):
    session = sts_backends[ACCOUNT]["aws"].assume_role(
        region_name="us-west-2", role_session_name="test", role_arn=role, policy=None, duration=seconds,
        external_id=None)
    return {"AccessKeyId": session.access_key_id, "SecretAccessKey": session.secret_access_key,
            "Token": session.session_token, "Expiration": session.expiration.strftime("%Y-%m-%dT%H:%M:%SZ")}


def expire(key):
    expired_sessions.add(key)
    return {}


def set_key(key, active):
    iam = iam_backends[ACCOUNT]["aws"]
    for user in iam.users.values():
        for one in user.access_keys:
            if one.access_key_id == key:
                one.status = "Active" if active else "Inactive"
    return {}


def put_directly(region, name, value, type="SecureString", tier="Standard", kms_key="alias/aws/ssm"):
    parameter = ssm_backends[ACCOUNT][region].put_parameter(
        name=name, description="", value=value, parameter_type=type, allowed_pattern="",
        keyid=kms_key, overwrite=True, tags=[], data_type="text", tier=tier, policies=None)
    return {"version": parameter.version}


def label(region, name, label, version):
    ssm_backends[ACCOUNT][region].label_parameter_version(name, version, [label])
    return {}


def delete(region, name):
    ssm_backends[ACCOUNT][region]._parameters.pop(name, None)
    return {}


def history(region, name):
    versions = ssm_backends[ACCOUNT][region]._parameters.get(name) or []
    return [{"version": v.version, "value": v.value.removeprefix(f"kms:{v.keyid}:"),
             "type": v.parameter_type, "tier": v.tier, "kms_key": v.keyid} for v in versions]


def set_clock(offset):
    global clock_offset
    clock_offset = float(offset)
    return {}


def set_iam_delay(seconds, service=None):
    if service is None:
        iam_delay.clear()
    iam_delay[service] = float(seconds)
    return {}


def set_strange(times, service):
    strange[service] = (times, int(time.time()))  # IAM's times are whole seconds
    return {}


def users():
    """What an administrator sees of them."""
    return {user.name: {"keys": {key.access_key_id: key.status for key in user.access_keys},
                        "policies": {name: json.loads(text) if isinstance(text, str) else text
                                     for name, text in user.policies.items()}}
            for user in iam_backends[ACCOUNT]["aws"].users.values()}


def forget(user):
    iam = iam_backends[ACCOUNT]["aws"]
    if user in iam.users:
        for key in list(iam.users[user].access_keys):
            iam.delete_access_key(key.access_key_id, user)
        iam.users[user].policies.clear()
        iam.delete_user(user)
    return {}


def set_faults(wanted):
    with lock:
        faults[:] = wanted
        log.clear()
    return {}


def customer_key(region, alias):
    keys = kms_backends[ACCOUNT][region]
    found = next((key for key in keys.keys.values() if alias in key.aliases), None)
    if not found:
        found = keys.create_key(None, "ENCRYPT_DECRYPT", "SYMMETRIC_DEFAULT", "made by a test", None)
        keys.create_alias(found.id, alias)
    return {"id": found.id, "arn": found.arn, "alias": alias}


DOOR = {
    "/strict/second": lambda q: second_key(**q),
    "/strict/drop": lambda q: drop_key(**q),
    "/strict/used": lambda q: use_key(**q),
    "/strict/kms": lambda q: customer_key(**q),
    "/strict/user": lambda q: make_user(**q),
    "/strict/role": lambda q: make_role(**q),
    "/strict/session": lambda q: make_session(**q),
    "/strict/expire": lambda q: expire(**q),
    "/strict/key": lambda q: set_key(**q),
    "/strict/quiet": lambda q: {},
    "/strict/put": lambda q: put_directly(**q),
    "/strict/label": lambda q: label(**q),
    "/strict/delete": lambda q: delete(**q),
    "/strict/history": lambda q: history(**q),
    "/strict/clock": lambda q: set_clock(**q),
    "/strict/delay": lambda q: set_iam_delay(**q),
    "/strict/strange": lambda q: set_strange(**q),
    "/strict/users": lambda q: users(),
    "/strict/forget": lambda q: forget(**q),
    "/strict/faults": set_faults,
    "/strict/log": lambda q: list(log),
}


# -- the application ---------------------------------------------------------------------------


class Request:
    """What the log and the faults need to know of a request."""

    def __init__(self, environ):
        self.body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(self.body)
        environ["strict.body"] = self.body  # a form is signed as it was sent, not as it is parsed
        target = environ.get("HTTP_X_AMZ_TARGET", "")
        self.json = bool(target)
        form = re.search(rb"(?:^|&)Action=([A-Za-z]+)", self.body)
        self.action = target.split(".")[-1] if target else form[1].decode() if form else ""
        try:
            self.name = json.loads(self.body).get("Name", "") if target else ""
        except ValueError:
            self.name = ""
        self.form = {} if target else dict(parse_qsl(self.body.decode("latin-1")))
        self.form.pop("WebIdentityToken", None)
        scope = re.search(r"Credential=([^/]+)/\d+/([^/]+)/", environ.get("HTTP_AUTHORIZATION", ""))
        self.key, self.region = scope.groups() if scope else ("", "")
        self.socket = environ.get("werkzeug.socket")

    def take_fault(self):
        with lock:
            for fault in faults:
                if fault["action"] in (self.action, "*") and fault.get("times", 1) > 0:
                    fault["times"] = fault.get("times", 1) - 1
                    return fault
        return {}

    def note(self, status):
        with lock:
            log.append({"action": self.action, "name": self.name, "key": self.key,
                        "status": status, "at": time.time(), "region": self.region,
                        "form": self.form})


def injected(request, fault):
    """(status, headers, body) of a fault's own answer."""
    message = fault.get("message")
    if "body" in fault:
        body, kind = fault["body"], "text/html"
    elif request.json:
        error = {"__type": fault["type"], **({} if message is None else {"message": message})}
        body, kind = json.dumps(error), "application/x-amz-json-1.1"
    else:
        body = (f"<ErrorResponse><Error><Type>Sender</Type><Code>{fault['type']}</Code><Message>"
                f"{escape(message or '')}</Message></Error></ErrorResponse>")
        kind = "text/xml"
    headers = [("Content-Type", kind), *map(tuple, fault.get("headers", []))]
    return f"{fault['status']} Injected", headers, body.encode()


class StrictApplication:
    def __init__(self, moto):
        self.moto = moto

    def __call__(self, environ, start_response):
        door = DOOR.get(environ["PATH_INFO"])
        if door:
            body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            if environ["PATH_INFO"] == "/strict/quiet":
                connections.wait_for_others()
            with one_at_a_time:
                answer = json.dumps(door(json.loads(body or b"{}"))).encode()
            start_response("200 OK", [("Content-Type", "application/json")])
            return [answer]
        request = Request(environ)
        fault = request.take_fault()
        answer = self.carry_out(environ) if not fault or fault.get("after") else None
        time.sleep(fault.get("delay", 0))
        if fault.get("drop"):
            request.note("dropped")
            request.socket.shutdown(socket.SHUT_RDWR)
            raise ConnectionAbortedError
        if fault.get("status"):
            answer = injected(request, fault)
        status, headers, body = answer or self.carry_out(environ)
        request.note(int(status.split()[0]))
        start_response(status, headers)
        return [body]

    def carry_out(self, environ):
        started = []
        with one_at_a_time:
            body = b"".join(self.moto(environ, lambda *start: started.append(start)))
        return started[0][0], started[0][1], body


class Connections:
    """Those accepted and not over: what somebody sent who has been killed since may still be carried out."""

    def __init__(self):
        self.open, self.changed = 0, threading.Condition()

    def watch(self, server):
        accepted, served = server.process_request, server.process_request_thread

        def process_request(*connection):
            with self.changed:
                self.open += 1
            accepted(*connection)

        def process_request_thread(*connection):
            try:
                served(*connection)
            finally:
                with self.changed:
                    self.open -= 1
                    self.changed.notify_all()

        server.process_request, server.process_request_thread = process_request, process_request_thread

    def wait_for_others(self):
        with self.changed:
            self.changed.wait_for(lambda: self.open <= 1, 60)


connections = Connections()


class Handler(WSGIRequestHandler):
    def date_time_string(self, timestamp=None):
        """The Date header, by AWS's clock."""
        return formatdate(now(), usegmt=True)


def main():
    parser = argparse.ArgumentParser(description="a strict Parameter Store for tests")
    parser.add_argument("-H", default="127.0.0.1")
    parser.add_argument("-p", type=int, default=5000)
    parser.add_argument("-c")
    parser.add_argument("-k")
    args = parser.parse_args()
    application = StrictApplication(DomainDispatcherApplication(create_backend_app))
    server = make_server(args.H, args.p, application, threaded=True, request_handler=Handler,
                         ssl_context=(args.c, args.k) if args.c else None)
    connections.watch(server)
    print(server.server_port, flush=True)
    sys.stdout.close()  # whoever started us reads no further
    sys.stdout = sys.stderr
    server.serve_forever()


if __name__ == "__main__":
    main()
