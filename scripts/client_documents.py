"""Writes the copies of the OpenAPI documents from which the client generators work.

usage: client_documents.py FOLDER

The documents in openapi/ are valid, and a reader understands them. Each function below changes a copy because of a limit of a generator; its
docstring names the limit. FOLDER gets a document of each API for @hey-api/openapi-ts, for openapi-python-client (.python) and for OpenAPI
Generator (.java).
"""

import copy
import json
import pathlib
import sys

DOCUMENTS = pathlib.Path(__file__).resolve().parent.parent / "openapi"
NAMES = ["channel", "hris", "signing", "jobboard"]
METHODS = {"get", "put", "post", "delete", "options", "head", "patch", "trace"}

SLUGS = {"认证": "auth", "用户": "users", "企业": "companies", "任务": "tasks", "投递": "applications", "付款": "payments", "上传": "uploads",
         "授权": "oauth", "公司": "companies", "分公司": "sub_companies", "部门": "departments", "员工": "employees", "考勤": "attendance",
         "审批": "approvals", "薪酬": "salary", "招聘": "recruitment", "Moka": "moka", "事件": "webhooks",
         "通用": "common", "登录": "sessions", "简历": "resume", "其他": "reference",
         "商家": "merchants", "求职": "seekers", "联系": "contacts", "订单": "orders"}

# Pages for a browser, and the callback of WeChat Pay. No client calls them.
NOT_FOR_CLIENTS = {"show_consent", "submit_consent", "show_webhook_page", "submit_webhook_page", "notify"}


def operations(document):
    return [operation for path in document["paths"].values() for method, operation in path.items() if method in METHODS]


def camel(operation_id):
    return "".join(word.capitalize() for word in operation_id.split("_"))


def name_tags_in_english(document):
    """The generators name modules and classes after tags. OpenAPI Generator drops Chinese characters from them."""
    document["tags"] = [{**tag, "name": SLUGS[tag["name"]]} for tag in document["tags"]]
    for operation in operations(document):
        operation["tags"] = [SLUGS[tag] for tag in operation["tags"]]


def leave_out_what_no_client_calls(document):
    """openapi-python-client rejects `notify`, whose body has no schema. Clients have no use for the pages."""
    for path in document["paths"].values():
        for method in [method for method, operation in path.items() if operation.get("operationId") in NOT_FOR_CLIENTS]:
            del path[method]
    document["paths"] = {path: item for path, item in document["paths"].items() if item}


def leave_out_security(document):
    """The hand-written parts authenticate. The generators know bearer tokens, but neither refreshed ones nor signatures."""
    document.pop("security", None)
    document["components"].pop("securitySchemes", None)
    for operation in operations(document):
        operation.pop("security", None)


def make_payloads_text(document):
    """The payload of a read is JSON in a query parameter, and its text is signed. openapi-python-client drops a parameter with `content`.

    The parameter becomes text. Its schema becomes the component `<Operation>Query`, so that a client still has a type to build the text from.
    """
    schemas = document["components"]["schemas"]
    for operation in operations(document):
        for parameter in operation.get("parameters", []):
            if "content" in parameter:
                schema = parameter.pop("content")["application/json"]["schema"]
                pagination = schema["properties"].get("pagination", {}).get("oneOf", [{}])
                if pagination[0].get("type") == "object":
                    schemas["Pagination"] = pagination[0]
                    pagination[0] = {"$ref": "#/components/schemas/Pagination"}
                schemas[camel(operation["operationId"]) + "Query"] = schema
                parameter["schema"] = {"type": "string"}


def name_pages(document):
    """openapi-python-client rejects an inline `allOf` among the alternatives of a `oneOf`. As a component it is `EmployeesPage`."""
    schemas = document["components"]["schemas"]
    for name, schema in list(schemas.items()):
        for number, alternative in enumerate(schema.get("oneOf", [])):
            if "allOf" in alternative:
                schemas[name + "Page"] = alternative
                schema["oneOf"][number] = {"$ref": f"#/components/schemas/{name}Page"}


def make_forms_json(document):
    """No generator encodes a list of objects in a form, and OpenAPI Generator needs Apache HttpClient for any form.

    The signing API takes JSON with the same fields (docs/contract/signing.txt, 1.1.3).
    """
    for operation in operations(document):
        content = operation.get("requestBody", {}).get("content", {})
        if "application/x-www-form-urlencoded" in content:
            content["application/json"] = content.pop("application/x-www-form-urlencoded")


def describe_pictures(document):
    """A picture needs no schema in OpenAPI 3.1. The generators return it only if it has the one of 3.0."""
    for operation in operations(document):
        for response in operation["responses"].values():
            for media_type, media in response.get("content", {}).items():
                if media_type.startswith("image/"):
                    media["schema"] = {"type": "string", "format": "binary"}


def replace(node, name, schema):
    """Puts a schema in the place of each reference to a component. A description next to a reference stays."""
    if isinstance(node, dict):
        if node.get("$ref") == f"#/components/schemas/{name}":
            del node["$ref"]
            node |= schema
        for child in node.values():
            replace(child, name, schema)
    elif isinstance(node, list):
        for child in node:
            replace(child, name, schema)


def rename_what_holds_its_own_name(document):
    """openapi-python-client gives one variable two types if a schema `Jobs` has a property `jobs`. The schema becomes `JobsData`."""
    schemas = document["components"]["schemas"]
    for name in [name for name, schema in schemas.items() if name.lower() in schema.get("properties", {})]:
        schemas[name + "Data"] = schemas.pop(name)
        replace(document, name, {"$ref": f"#/components/schemas/{name}Data"})


def name_lists(document):
    """OpenAPI Generator writes `List<Job>.class`, which is no Java, for an inline array among the alternatives of a `oneOf`."""
    schemas = document["components"]["schemas"]
    for name, schema in list(schemas.items()):
        for number, alternative in enumerate(schema.get("oneOf", [])):
            if alternative.get("type") == "array":
                schemas[name + "List"] = alternative
                schema["oneOf"][number] = {"$ref": f"#/components/schemas/{name}List"}


def leave_out_text_alternatives(document):
    """OpenAPI Generator warns of a number or a list that may also be text. A client of Java sends and receives the number or the list.

    Each is written where it is used: the generator warns of a component that is a list of texts, too. A number without a format would be an
    `Integer`, which is too small for an id.
    """
    schemas = document["components"]["schemas"]
    for name, schema in list(schemas.items()):
        kinds = [alternative.get("type") for alternative in schema.get("oneOf", [])]
        if len(kinds) == 2 and kinds[1] == "string":
            other = schemas.pop(name)["oneOf"][0] | ({"format": "int64"} if kinds[0] == "integer" else {})
            replace(document, name, other)


def leave_out_multipart(document):
    """OpenAPI Generator sends multipart forms with a class of Apache HttpClient 4. The JDK has none, and the job board has `presign_image`."""
    for path in document["paths"].values():
        for method in [method for method, operation in path.items() if "multipart/form-data" in str(operation)]:
            del path[method]


def leave_out_errors(document):
    """A client of openapi-python-client returns a documented error like a success. It raises `UnexpectedStatus` for others.

    OpenAPI Generator raises `ApiException` for every error, documented or not.
    """
    for operation in operations(document):
        operation["responses"] = {status: response for status, response in operation["responses"].items() if status < "4"}
    document["components"].pop("responses", None)


def leave_out_headers(document):
    """OpenAPI Generator warns of the schema of each header that several responses share. It returns every header, documented or not."""
    document["components"].pop("headers", None)
    for operation in operations(document):
        for response in operation["responses"].values():
            response.pop("headers", None)


def leave_out_examples(node):
    """OpenAPI Generator warns of each example of a body that is an object."""
    if isinstance(node, dict):
        for media in node.get("content", {}).values() if isinstance(node.get("content"), dict) else []:
            media.pop("example", None)
        for child in node.values():
            leave_out_examples(child)
    elif isinstance(node, list):
        for child in node:
            leave_out_examples(child)


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name in NAMES:
        document = json.loads((DOCUMENTS / f"{name}.json").read_text(encoding="utf-8"))
        for change in [leave_out_what_no_client_calls, name_tags_in_english, leave_out_security, make_payloads_text, name_pages,
                       make_forms_json, describe_pictures, rename_what_holds_its_own_name]:
            change(document)
        python, java = copy.deepcopy(document), copy.deepcopy(document)
        leave_out_errors(python)
        leave_out_errors(java)
        leave_out_examples(java)
        leave_out_text_alternatives(java)
        name_lists(java)
        leave_out_multipart(java)
        leave_out_headers(java)
        for suffix, changed in [("", document), (".python", python), (".java", java)]:
            (folder / f"{name}{suffix}.json").write_text(json.dumps(changed, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


main()
