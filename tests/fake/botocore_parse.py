"""For tests/contract/test_ini_edit.py: what botocore reads in each file whose path is a line of
standard input, as a line of JSON {section: {key: value}}, or null when it refuses the file.  Runs
under a Python that has botocore."""
import json
import sys

import botocore.configloader
from botocore.exceptions import ConfigParseError

for line in sys.stdin:
    try:
        print(json.dumps(botocore.configloader.raw_config_parse(line.rstrip("\n"))))
    except ConfigParseError:
        print("null")
