"""The one table and the one queue of both versions: `local --endpoints-only` of the present tree, on loopback."""

import json
import re
import subprocess
import time
import urllib.request

PATIENCE_SECONDS = 60


class Endpoints:
    """DynamoDB and SQS in a process of their own, in memory."""

    def __init__(self, binary, log):
        command = [binary, "--endpoints-only", "--dynamodb-port", "0", "--sqs-port", "0"]
        with open(log, "wb") as output:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        self.environment = self.await_environment(log)

    def await_environment(self, log):
        deadline = time.monotonic() + PATIENCE_SECONDS
        while "Ctrl-C ends" not in (text := log.read_text()):
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.end()
                raise RuntimeError(f"DynamoDB and SQS do not come up:\n{text}")
            time.sleep(0.05)
        return dict(re.findall(r"^export (\w+)=(.*)$", text, re.MULTILINE))

    def end(self):
        self.process.kill()
        self.process.wait()


class InvoiceQueue:
    """The queue that `close-periods` and `catalog` fill and `issue-invoice` works off."""

    def __init__(self, environment):
        self.address = environment["AWS_ENDPOINT_URL_SQS"]
        self.url = environment["INVOICE_QUEUE_URL"]
        # Loopback is reached without the proxy that the environment may name.
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def take(self):
        """Takes up to ten messages out of the queue, in the shape of an event for `issue-invoice`."""
        request = {"MaxNumberOfMessages": 10, "MessageSystemAttributeNames": ["All"]}
        messages = self.call("ReceiveMessage", request).get("Messages") or []
        for message in messages:
            self.call("DeleteMessage", {"ReceiptHandle": message["ReceiptHandle"]})
        return [record(message) for message in messages]

    def call(self, operation, request):
        headers = {"X-Amz-Target": f"AmazonSQS.{operation}", "Content-Type": "application/x-amz-json-1.0"}
        body = json.dumps({"QueueUrl": self.url, **request}).encode()
        call = urllib.request.Request(self.address, method="POST", headers=headers, data=body)
        with self.opener.open(call, timeout=30) as answer:
            return json.loads(answer.read() or "{}")


def record(message):
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "md5OfBody": message["MD5OfBody"],
        "attributes": message["Attributes"],
        "messageAttributes": {},
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:InvoiceQueue",
        "awsRegion": "us-east-1",
    }
