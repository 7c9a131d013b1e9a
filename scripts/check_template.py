"""Checks template.yaml beyond its defaults: cfn-lint with both values of every switch, and the smoke test that CodeDeploy invokes.

usage: python scripts/check_template.py [REGION...]
"""

import io
import json
import os
import pathlib
import re
import subprocess
import sys
import types

ROOT = pathlib.Path(__file__).resolve().parent.parent
TEMPLATE = ROOT / "template.yaml"

# The values of parameters that no list of allowed values gives. A setting holds what belongs together.
SETTINGS = [
    {},
    {
        "AlarmTopicArn": "arn:aws:sns:us-east-1:123456789012:alarms",
        "DomainName": "api.example.com",
        "CertificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/11111111-2222-3333-4444-555555555555",
        "HostedZoneId": "Z0123456789ABCDEFGHIJ",
        "QuietPeriods": "12",
        "ConcurrencyLimit": "10",
        "DailyBudget": "50",
    },
    # The DNS is elsewhere, and the budget notifies no one.
    {
        "DomainName": "api.example.com",
        "CertificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/11111111-2222-3333-4444-555555555555",
        "DailyBudget": "50",
    },
]


def allowed(text):
    """The allowed values of each parameter that has a list of them."""
    section = text.split("\nParameters:\n", 1)[1].split("\n\nRules:\n", 1)[0]
    for parameter in re.split(r"(?m)^  (?=\w)", section)[1:]:
        listed = re.search(r"AllowedValues:\s*(\[.*\]|(?:\n      - .*)+)", parameter)
        if listed:
            yield parameter.split(":")[0], re.findall(r"[\w.-]*\w", listed[1])


def settings(text):
    """The settings, in which every switch has both of its values."""
    for row, setting in enumerate(SETTINGS):
        yield {name: values[row % len(values)] for name, values in allowed(text)} | setting


def lint(setting, regions):
    pairs = [f"{name}={value}" for name, value in setting.items()]
    command = ["-c", "from cfnlint.runner import main; main()", "--regions", *regions, "--parameters", *pairs, "--", TEMPLATE]
    if subprocess.run([sys.executable, *command], check=False).returncode:
        sys.exit(f"cfn-lint has findings with {' '.join(pairs)}")


def smoke_test(code, event, response):
    """What the smoke test reports to CodeDeploy about a version that answers so."""
    calls = []
    appspec = {
        "version": 0.0,
        "Resources": [{"Users": {"Type": "AWS::Lambda::Function", "Properties": {
            "Name": "gongqiao-ChannelUsers-1A2B", "Alias": "live", "CurrentVersion": "6", "TargetVersion": "7"}}}],
    }

    class CodeDeploy:
        def get_deployment(self, deploymentId):
            assert deploymentId == "d-1"
            return {"deploymentInfo": {"revision": {"revisionType": "String", "string": {"content": json.dumps(appspec)}}}}

        def put_lifecycle_event_hook_execution_status(self, **status):
            calls.append(status)

    class Functions:
        def invoke(self, FunctionName, Payload):
            assert FunctionName == "gongqiao-ChannelUsers-1A2B:7", FunctionName
            assert json.loads(Payload)["version"] == "2.0"
            if isinstance(response, Exception):
                raise response
            return {**response, "Payload": io.BytesIO(response["Payload"].encode())}

    clients = {"codedeploy": CodeDeploy(), "lambda": Functions()}
    sys.modules["boto3"] = types.SimpleNamespace(client=clients.get)
    os.environ["EVENT"] = event
    hook = {}
    exec(compile(code, "index.py", "exec"), hook)
    hook["handle"]({"DeploymentId": "d-1", "LifecycleEventHookExecutionId": "e-1"}, None)
    [status] = calls
    assert (status["deploymentId"], status["lifecycleEventHookExecutionId"]) == ("d-1", "e-1")
    return status["status"]


def check_smoke_test(text):
    block = text.split("        ZipFile: |\n", 1)[1].split("      Tags:", 1)[0]
    code = "".join(line.removeprefix("          ") for line in block.splitlines(keepends=True))
    assert len(code) <= 4096, "CloudFormation takes 4,096 characters of code"
    event = " ".join(text.split("          EVENT: >-\n", 1)[1].split("      Code:", 1)[0].split())
    for response, expected in [
        ({"Payload": '{"statusCode": 404}'}, "Succeeded"),
        ({"Payload": '{"statusCode": 500}'}, "Failed"),
        ({"Payload": '{"errorMessage": "no secret"}', "FunctionError": "Unhandled"}, "Failed"),
        ({"Payload": "null"}, "Failed"),
        (RuntimeError("throttled"), "Failed"),
    ]:
        reported = smoke_test(code, event, response)
        assert reported == expected, (response, reported)


def main():
    regions = sys.argv[1:] or ["us-east-1", "cn-north-1", "cn-northwest-1"]
    text = TEMPLATE.read_text(encoding="utf-8")
    check_smoke_test(text)
    for setting in settings(text):
        lint(setting, regions)


if __name__ == "__main__":
    main()
