"""One version of the system: its function binaries, each behind a Lambda runtime API of its own on loopback."""

import http.server
import json
import queue
import re
import subprocess
import threading
import time
import urllib.parse

PATIENCE_SECONDS = 90
ACCOUNT = "123456789012"


class FunctionFailed(Exception):
    """A function ended, did not answer in time, or failed its invocation."""


class RuntimeHandler(http.server.BaseHTTPRequestHandler):
    """Answers a function's process: `next` waits for an event, everything else is an answer."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self):
        invocation, event, seconds = self.server.events.get()
        if event is None:
            self.close_connection = True
            return
        self.answer(
            200,
            event,
            {
                "Lambda-Runtime-Aws-Request-Id": invocation,
                "Lambda-Runtime-Deadline-Ms": str(int((time.time() + seconds) * 1000)),
                "Lambda-Runtime-Invoked-Function-Arn": f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:previous",
                "Lambda-Runtime-Trace-Id": "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Sampled=0",
            },
        )

    def do_POST(self):
        body = self.body()
        invocation, kind = self.path.split("/")[-2:]
        self.server.answers.put((invocation, kind, body))
        self.answer(202, b"{}", {})

    def body(self):
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        parts = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return b"".join(parts)

    def answer(self, status, body, headers):
        lines = [f"HTTP/1.1 {status} OK", "Content-Type: application/json", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        # In one piece: two would wait for each other's acknowledgement.
        self.wfile.write("\r\n".join([*lines, "", ""]).encode() + body)


class RuntimeServer(http.server.ThreadingHTTPServer):
    """Serves one process; that its connections break once it is ended is no error."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), RuntimeHandler)
        self.events, self.answers = queue.Queue(), queue.Queue()

    def handle_error(self, request, client_address):
        pass


class Function:
    """A function's process, which takes one event at a time."""

    def __init__(self, binary, environment, log):
        self.name = binary.name
        self.log = log
        self.turn = threading.Lock()
        self.invocations = 0
        self.server = RuntimeServer()
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        runtime = {
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self.server.server_address[1]}",
            "AWS_LAMBDA_FUNCTION_NAME": binary.name,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        }
        with open(log, "ab") as output:
            self.process = subprocess.Popen(
                [binary], env={**environment, **runtime}, stdin=subprocess.DEVNULL, stdout=output, stderr=output
            )

    def invoke(self, event, seconds):
        """Returns what the function answers to an event; `seconds` is the timeout that it is told."""
        with self.turn:
            self.invocations += 1
            invocation = f"invocation-{self.invocations}"
            self.server.events.put((invocation, json.dumps(event).encode(), seconds))
            answered, kind, body = self.await_answer()
        if answered != invocation or kind != "response":
            raise FunctionFailed(f"{self.name} failed: {body.decode(errors='replace')}{self.tail()}")
        return json.loads(body)

    def await_answer(self):
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            try:
                return self.server.answers.get(timeout=0.5)
            except queue.Empty:
                if self.process.poll() is not None:
                    raise FunctionFailed(f"{self.name} ended with {self.process.returncode}{self.tail()}") from None
        raise FunctionFailed(f"{self.name} did not answer within {PATIENCE_SECONDS} s{self.tail()}")

    def tail(self):
        text = self.log.read_text(errors="replace")
        return f"\nThe end of {self.log}:\n{text[-2000:]}"

    def end(self):
        self.process.kill()
        self.process.wait()
        self.server.events.put(("", None, 0))
        self.server.shutdown()
        self.server.server_close()


class Version:
    """The functions of one commit, with the routes and timeouts of its own template."""

    def __init__(self, name, binaries, template, environment, logs):
        self.name, self.binaries, self.environment, self.logs = name, binaries, environment, logs
        self.routes, self.timeouts = read_template(template)
        self.functions = {}
        self.requests = 0

    def __str__(self):
        return self.name

    def function(self, folder):
        if folder not in self.functions:
            log = self.logs / f"{self.name}-{folder}.log"
            self.functions[folder] = Function(self.binaries / folder, self.environment, log)
        return self.functions[folder]

    def start(self):
        """Starts every function that is built, so that no later call waits for a start."""
        for binary in sorted(self.binaries.iterdir()):
            if binary.name in self.timeouts:
                self.function(binary.name)

    def invoke(self, folder, event):
        return self.function(folder).invoke(event, self.timeouts[folder])

    def request(self, method, target, headers, body):
        """Sends an HTTP request as API Gateway does, and returns the function's answer."""
        path, _, query = target.partition("?")
        route, folder, parameters = self.route(method, path)
        self.requests += 1
        event = {
            "version": "2.0",
            "routeKey": f"{method} {route}",
            "rawPath": path,
            "rawQueryString": query,
            "headers": {"host": "localhost", "x-forwarded-for": "127.0.0.1", "x-forwarded-proto": "https", **headers},
            "requestContext": {
                "accountId": ACCOUNT,
                "apiId": "local",
                "domainName": "localhost",
                "domainPrefix": "local",
                "http": {
                    "method": method,
                    "path": path,
                    "protocol": "HTTP/1.1",
                    "sourceIp": "127.0.0.1",
                    "userAgent": "previous",
                },
                "requestId": f"{self.name}-{self.requests}",
                "routeKey": f"{method} {route}",
                "stage": "$default",
                "time": time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime()),
                "timeEpoch": int(time.time() * 1000),
            },
            "isBase64Encoded": False,
        }
        if query:
            event["queryStringParameters"] = dict(urllib.parse.parse_qsl(query))
        if parameters:
            event["pathParameters"] = parameters
        if body is not None:
            event["body"] = body
        return self.invoke(folder, event)

    def route(self, method, path):
        # The most specific route wins: the one with the fewest parameters.
        for of, route, pattern, folder in sorted(self.routes, key=lambda known: known[1].count("{")):
            if of == method and (match := pattern.fullmatch(path)):
                return route, folder, match.groupdict()
        raise FunctionFailed(f"the template of the {self.name} version has no route for {method} {path}")

    def end(self):
        for function in list(self.functions.values()):
            function.end()


def read_template(path):
    """Reads which function answers which route, and the timeout of each function."""
    routes, timeouts, folder, method = [], {}, None, None
    for line in path.read_text().splitlines():
        name, _, value = (part.strip() for part in line.partition(":"))
        if name == "Binary":
            folder = value
        elif name == "Timeout" and folder and folder not in timeouts:
            timeouts[folder] = int(value)
        elif name == "Method":
            method = value
        elif name == "Path" and method:
            parts = re.split(r"\{(\w+)\}", value)
            pattern = "".join(f"(?P<{part}>[^/]+)" if at % 2 else re.escape(part) for at, part in enumerate(parts))
            routes.append((method, value, re.compile(pattern), folder))
            method = None
    return routes, timeouts
