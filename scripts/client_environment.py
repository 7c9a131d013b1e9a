"""The environment variables of the quickstarts in clients/, from the demo.json of a local stack.

usage: eval "$(python3 scripts/client_environment.py .local/demo.json)"
"""

import json
import pathlib
import shlex
import sys


def variables(demo):
    partner, hris = demo["channel"][0], demo["hris"]
    return {"GONGQIAO_URL": demo["base_url"], "GONGQIAO_APPKEY": partner["appkey"], "GONGQIAO_SECRET": partner["secret"],
            "GONGQIAO_ACCESS_KEY": hris["access_key"], "GONGQIAO_SECRET_KEY": hris["secret_key"], "GONGQIAO_COMPANY_TOKEN": hris["token"],
            "GONGQIAO_LOGIN_CODE": demo["jobboard"]["merchant_code"]}


if __name__ == "__main__":
    demo_json = json.loads(pathlib.Path(sys.argv[1]).read_text(encoding="utf-8"))
    for name, value in variables(demo_json).items():
        print(f"export {name}={shlex.quote(value)}")
