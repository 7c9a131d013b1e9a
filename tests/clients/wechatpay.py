"""Uses an independent WeChat Pay client, with another address only, against the local stack. It places, queries and closes orders at the
simulator, produces the same signatures as the system, and verifies the simulator's notifications.

usage: wechatpay.py DEMO_JSON
"""

import base64
import datetime
import gzip
import hashlib
import json
import pathlib
import re
import sys
import time
import unittest.mock
import urllib.request

import wechatpayv3.core
import wechatpayv3.utils
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from wechatpayv3 import WeChatPay, WeChatPayType


def call(url, body=None, token=None):
    """The decoded body and the headers."""
    headers = {"content-type": "application/json", **({"authorization": token} if token else {})}
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data=data, headers=headers), timeout=30) as response:
        return json.load(response), response.headers


class Checks:
    def __init__(self):
        self.passed = self.failed = 0

    def check(self, what, holds):
        print(f"{'ok  ' if holds else 'FAIL'} {what}", flush=True)
        self.passed += bool(holds)
        self.failed += not holds


class Merchant:
    """The merchant of the stack, with the keys in its secret."""

    def __init__(self, data, demo):
        secrets = json.loads((data / "secrets.json").read_text(encoding="utf-8"))
        self.secret = json.loads(secrets["wechat-pay-secret"])
        self.notify_url = demo["base_url"] + "/wechat/pay/notify"
        # The library's constructor sets the address. This property replaces it by the simulator's.
        wechatpayv3.core.Core._gate_way = property(lambda _: demo["wechat_url"], lambda *_: None)

    def client(self, by_public_key):
        key_id = next(serial for serial in self.secret["platform_keys"] if serial.startswith("PUB_KEY_ID_"))
        key = {"public_key": self.secret["platform_keys"][key_id], "public_key_id": key_id} if by_public_key else {}
        return WeChatPay(WeChatPayType.JSAPI, mchid=self.secret["mchid"], private_key=self.secret["private_key"],
                         cert_serial_no=self.secret["serial_no"], appid=self.secret["appid"],
                         apiv3_key=self.secret["apiv3_key"], notify_url=self.notify_url, **key)


def orders(merchant, demo, check):
    # An order number is unique, and this may run several times against one stack.
    run = f"CLIENT{time.time_ns()}"
    for name, by_public_key in [("a public key", True), ("a certificate", False)]:
        client, number = merchant.client(by_public_key), f"{run}{int(by_public_key)}"
        bill = {"description": "联系券", "out_trade_no": number, "amount": {"total": 399, "currency": "CNY"},
                "payer": {"openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"}}
        status, placed = client.pay(**bill)
        check(f"with {name}: places an order", status == 200 and json.loads(placed)["prepay_id"].startswith("wx"))
        check(f"with {name}: the same request returns the same order", client.pay(**bill) == (status, placed))
        status, queried = client.query(out_trade_no=number)
        check(f"with {name}: queries it", status == 200 and json.loads(queried)["trade_state"] == "NOTPAY")
        status, _ = client.close(number)
        check(f"with {name}: closes it", status == 204)
        status, queried = client.query(out_trade_no=number)
        check(f"with {name}: it is closed", status == 200 and json.loads(queried)["trade_state"] == "CLOSED")
        status, rejected = client.query(out_trade_no="NOSUCHORDER")
        check(f"with {name}: another order does not exist", status == 404 and json.loads(rejected)["code"] == "ORDER_NOT_EXIST")
    number = f"{run}PAID"
    client.pay(**{**bill, "out_trade_no": number})
    call(demo["wechat_url"] + "/simulate/pay", {"out_trade_no": number, "notify": False})
    status, queried = client.query(out_trade_no=number)
    check("a paid order is reported as paid", status == 200 and json.loads(queried)["trade_state"] == "SUCCESS")
    status, rejected = client.close(number)
    check("a paid order cannot be closed", status == 400 and json.loads(rejected)["code"] == "ORDERPAID")
    stranger = merchant.client(True)
    stranger._core._private_key = None
    with unittest.mock.patch.object(wechatpayv3.utils, "rsa_sign", lambda **_: base64.b64encode(bytes(256)).decode()):
        status, rejected = stranger.query(out_trade_no=number)
    check("a forged request is rejected", status == 401 and json.loads(rejected)["code"] == "SIGN_ERROR")


def login(demo):
    code = demo["jobboard"]["user_code"]
    _, headers = call(demo["base_url"] + "/wechat/user/login", {"login_code": code})
    return headers["Authorization"]


def our_signatures(merchant, demo, token, check):
    """Places an order through the system and returns its number."""
    bought, _ = call(demo["base_url"] + "/contact_voucher/buy", {"price": 3.99, "contact_voucher_num": 1}, token)
    number, pay_params = bought["data"]["order_no"], bought["data"]["pay_params"]
    call(demo["base_url"] + "/order/status", {"order_no": number}, token)
    requests, _ = call(demo["wechat_url"] + "/simulate/pay_requests")
    system_requests = [request for request in requests if number in request["path"] + request["body"]]
    check("the system placed and queried the order", [request["method"] for request in system_requests] == ["POST", "GET"])
    key = load_pem_private_key(merchant.secret["private_key"].encode(), password=None)
    for request in system_requests:
        parts = dict(re.findall(r'(\w+)="([^"]*)"', request["authorization"]))
        with unittest.mock.patch("time.time", lambda: int(parts["timestamp"])):
            theirs = wechatpayv3.utils.build_authorization(
                request["path"], request["method"], merchant.secret["mchid"], merchant.secret["serial_no"], key,
                data=request["body"] or None, nonce_str=parts["nonce_str"])
        check(f"the system's {request['method']} has the same signature, byte for byte", theirs == request["authorization"])
    client = merchant.client(True)
    signed = [merchant.secret["appid"], pay_params["timeStamp"], pay_params["nonceStr"], pay_params["package"]]
    check("pay_params have the same signature, byte for byte",
          client.sign(signed) == pay_params["paySign"] and pay_params["signType"] == "RSA")
    return number


def notifications(merchant, demo, number, check):
    call(demo["wechat_url"] + "/simulate/pay", {"out_trade_no": number, "notify": False})
    for name, by_public_key in [("public_key", True), ("certificate", False)]:
        client = merchant.client(by_public_key)
        notification, _ = call(demo["wechat_url"] + "/simulate/notify_again",
                               {"out_trade_no": number, "deliver": False, "serial": name})
        result = client.callback(notification["headers"], notification["body"])
        resource = result and result["resource"]
        check(f"a notification by {name} is verified and decrypted",
              resource and resource["out_trade_no"] == number and resource["amount"]["total"] == 399
              and resource["appid"] == merchant.secret["appid"] and result["event_type"] == "TRANSACTION.SUCCESS")
        # Only the signature can reveal the change: the summary is neither encrypted nor read.
        changed = notification["body"].replace("支付成功", "支付失败")
        check(f"a changed notification by {name} is rejected",
              changed != notification["body"] and client.callback(notification["headers"], changed) is None)


def granted(demo, token, number, check):
    before, _ = call(demo["base_url"] + "/contact_voucher/records", {}, token)
    result, _ = call(demo["wechat_url"] + "/simulate/notify_again", {"out_trade_no": number})
    check("the system accepts the notification", result == {"notified_status": 200})
    # Checked before the order's status, because that query would grant the voucher as well.
    after, _ = call(demo["base_url"] + "/contact_voucher/records", {}, token)
    check("the user has the voucher",
          after["data"]["contact_voucher_num"] == before["data"]["contact_voucher_num"] + 1
          and after["data"]["list"][0]["type"] == "buy")
    status, _ = call(demo["base_url"] + "/order/status", {"order_no": number}, token)
    check("the order is paid", status["data"]["status"] == "paid")


def refunds(merchant, demo, number, check):
    """Refunds a part of the paid order as a client, and another part through the system."""
    client, refund_no = merchant.client(True), f"{number}C1"
    status, queried = client.query(out_trade_no=number)
    payment = json.loads(queried)["transaction_id"]
    amount = {"refund": 100, "total": 399, "currency": "CNY"}
    status, requested = client.refund(out_refund_no=refund_no, amount=amount, transaction_id=payment, reason="用户申请")
    check("a refund is accepted", status == 200 and json.loads(requested)["status"] == "PROCESSING")
    status, settled = client.query_refund(refund_no)
    check("it succeeds", status == 200 and json.loads(settled)["status"] == "SUCCESS" and "success_time" in json.loads(settled))
    check("the same request again refunds nothing more",
          client.refund(out_refund_no=refund_no, amount=amount, transaction_id=payment, reason="用户申请") == (200, settled))
    status, rejected = client.refund(out_refund_no=f"{number}C2", amount={**amount, "refund": 300}, out_trade_no=number)
    check("no more than the rest is refunded", status == 400 and json.loads(rejected)["code"] == "INVALID_REQUEST")
    status, rejected = client.query_refund("NOSUCHREFUND")
    check("another refund does not exist", status == 404 and json.loads(rejected)["code"] == "RESOURCE_NOT_EXISTS")

    command = {"command": "refund_order", "order_no": number, "amount": "1.00", "reason": "用户申请", "by": "clients"}
    begun, _ = call(demo["base_url"] + "/2015-03-31/functions/ops-admin/invocations", command)
    check("the system refunds", begun["status"] == "refunding")
    own = f"{number}R01"
    status, settled = client.query_refund(own)
    check("its refund is one of the payment", status == 200 and json.loads(settled)["transaction_id"] == payment
          and json.loads(settled)["amount"]["refund"] == 100)
    key = load_pem_private_key(merchant.secret["private_key"].encode(), password=None)
    requests, _ = call(demo["wechat_url"] + "/simulate/pay_requests")
    request = next(request for request in requests if own in request["body"])
    parts = dict(re.findall(r'(\w+)="([^"]*)"', request["authorization"]))
    with unittest.mock.patch("time.time", lambda: int(parts["timestamp"])):
        theirs = wechatpayv3.utils.build_authorization(
            request["path"], request["method"], merchant.secret["mchid"], merchant.secret["serial_no"], key,
            data=request["body"], nonce_str=parts["nonce_str"])
    check("its request has the same signature, byte for byte", theirs == request["authorization"])
    notification, _ = call(demo["wechat_url"] + "/simulate/notify_refund", {"out_refund_no": own, "deliver": False})
    result = client.callback(notification["headers"], notification["body"])
    check("the notification of the refund is verified and decrypted",
          result and result["event_type"] == "REFUND.SUCCESS" and result["resource"]["out_refund_no"] == own
          and result["resource"]["amount"] == {"total": 399, "refund": 100, "payer_total": 399, "payer_refund": 100})
    delivered, _ = call(demo["wechat_url"] + "/simulate/notify_refund", {"out_refund_no": own})
    check("the system accepts it", delivered == {"notified_status": 200})


def bills(merchant, demo, check):
    """Reads the bill of a day three days ago, on which an imported order was paid."""
    shanghai = datetime.timezone(datetime.timedelta(hours=8))
    paid_at = (datetime.datetime.now(shanghai) - datetime.timedelta(days=3)).replace(hour=12, minute=0, second=0, microsecond=0)
    number, payment = f"BILL{time.time_ns()}", f"42{time.time_ns():026}"
    order = {"out_trade_no": number, "transaction_id": payment, "paid_at": paid_at.isoformat(), "amount": {"total": 399},
             "appid": merchant.secret["appid"], "mchid": merchant.secret["mchid"], "description": "联系券, 1 张",
             "payer": {"openid": "o"}}
    call(demo["wechat_url"] + "/simulate/import", [order])
    client = merchant.client(True)
    status, announced = client.trade_bill(paid_at.date().isoformat())
    announced = json.loads(announced)
    check("a bill is announced", status == 200 and announced["hash_type"] == "SHA1")
    key = load_pem_private_key(merchant.secret["private_key"].encode(), password=None)
    path = announced["download_url"][len(demo["wechat_url"]):]
    signed = wechatpayv3.utils.build_authorization(path, "GET", merchant.secret["mchid"], merchant.secret["serial_no"], key)
    with urllib.request.urlopen(urllib.request.Request(announced["download_url"], headers={"authorization": signed})) as response:
        file = gzip.decompress(response.read())
    check("its file has the announced hash", hashlib.sha1(file).hexdigest() == announced["hash_value"])
    # As spreadsheets read it: the backtick keeps a number a text.
    lines = file.decode("utf-8-sig").splitlines()
    rows = [dict(zip(lines[0].split(","), line[1:].split(",`"), strict=True)) for line in lines[1:-2]]
    found = [row for row in rows if row["商户订单号"] == number]
    check("it has the payment", [[row["微信订单号"], row["交易状态"], row["订单金额"]] for row in found] == [[payment, "SUCCESS", "3.99"]])
    sums = dict(zip(lines[-2].split(","), lines[-1][1:].split(",`"), strict=True))
    check("its sums are those of the lines", int(sums["总交易单数"]) == len(rows)
          and float(sums["订单总金额"]) == sum(float(row["订单金额"]) for row in rows))
    event = {"day": paid_at.date().isoformat()}
    result, _ = call(demo["base_url"] + "/2015-03-31/functions/jobboard-reconcile/invocations", event)
    check("the system reads the same bill", result["bill"] == announced["hash_value"] and result["payments_there"] == len(rows))
    show = {"command": "show_reconciliation", "day": event["day"]}
    shown, _ = call(demo["base_url"] + "/2015-03-31/functions/ops-admin/invocations", show)
    found = [difference["kind"] for difference in shown["differences"] if difference["order_no"] == number]
    check("it finds the payment that it does not know", found == ["only_there"])


def main():
    demo_json = pathlib.Path(sys.argv[1])
    demo = json.loads(demo_json.read_text(encoding="utf-8"))
    merchant, checks = Merchant(demo_json.parent, demo), Checks()
    orders(merchant, demo, checks.check)
    token = login(demo)
    number = our_signatures(merchant, demo, token, checks.check)
    notifications(merchant, demo, number, checks.check)
    granted(demo, token, number, checks.check)
    refunds(merchant, demo, number, checks.check)
    bills(merchant, demo, checks.check)
    print(f"{checks.passed} passed, {checks.failed} failed")
    sys.exit(1 if checks.failed else 0)


main()
