"""For the tests: makes each call on standard input, a line of JSON {endpoint, region, key, secret,
service, operation, parameters}, and prints how it ended, a line each: "ok", or AWS's name of the
error.  Runs under a Python that has botocore."""
import json
import sys

import botocore.session
from botocore.config import Config
from botocore.exceptions import ClientError

session = botocore.session.Session(include_builtin_handlers=True)
clients = {}


def client(call):
    wanted = tuple(call[k] for k in ("endpoint", "region", "key", "secret", "service"))
    if wanted not in clients:
        clients[wanted] = session.create_client(
            call["service"], region_name=call["region"], endpoint_url=call["endpoint"], aws_access_key_id=call["key"],
            aws_secret_access_key=call["secret"], config=Config(retries={"max_attempts": 1}))
    return clients[wanted]


for line in sys.stdin:
    call = json.loads(line)
    try:
        getattr(client(call), call["operation"])(**call["parameters"])
        print("ok", flush=True)
    except ClientError as error:
        print(error.response["Error"]["Code"], flush=True)
