#!/usr/bin/env python3
"""Sign requests, one line of JSON each, with botocore: what test_sigv4.py compares with.  Runs under
the Python that has moto."""
import datetime
import json
import sys

import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials


def sign(case):
    moment = datetime.datetime.strptime(case["time"], "%Y%m%dT%H%M%SZ")
    headers = {name: value for name, value in case["headers"] if name != "x-amz-date"}
    token = headers.pop("x-amz-security-token", None)
    request = AWSRequest(
        method=case["method"], url=f"{case['scheme']}://{case['authority']}{case['path']}"
        + ("?" + case["query"] if case["query"] else ""),
        headers={k: v for k, v in headers.items() if k != "host"}, data=bytes.fromhex(case["body"]))
    botocore.auth.get_current_datetime = lambda remove_tzinfo=True: moment
    keys = Credentials(case["key_id"], case["secret"], token)
    botocore.auth.SigV4Auth(keys, case["service"], case["region"]).add_auth(request)
    return request.headers["Authorization"]


for line in sys.stdin:
    print(sign(json.loads(line)))
