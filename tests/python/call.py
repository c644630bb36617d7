"""Calls methods of RetailCRM's official Python client, one per line of standard input.

A line is {"method": name, "arguments": [...]}; the answer is one line that tells what the client made of it. Arguments of this program:
the address of the CRM and the API key (none: the client is made without one).
"""

import json
import sys

import retailcrm


def main():
    address = sys.argv[1]
    key = sys.argv[2] if len(sys.argv) > 2 else None
    client = retailcrm.v5(address, key)
    for line in sys.stdin:
        call = json.loads(line)
        response = getattr(client, call["method"])(*call["arguments"])
        told = {
            "status": response.get_status_code(),
            "is_successful": response.is_successful(),
            "body": response.get_response(),
        }
        if not response.is_successful():
            told["error"] = response.get_error_msg()
            told["errors"] = response.get_errors()
        print(json.dumps(told), flush=True)


main()
