"""The official Python SDK, 1.x and 2.x, from the first 401 to the last.

One file for both lines of the SDK: which one speaks is decided by the environment it runs in. One
line is printed for each check; a failed one ends its scenario. The same checks as scenario.mjs.
"""

import asyncio
import base64
import http.client
import importlib.metadata
import json
import logging
import os
import subprocess
import sys
import time
import traceback
import uuid
from contextlib import asynccontextmanager
from datetime import timedelta
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

from browser import Arrival, Browser
from checks import Checks, equal, holds
from mcp.client.auth import OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import OAuthClientMetadata

VERSION = importlib.metadata.version("mcp")
FIRST_LINE = VERSION.startswith("1.")
if FIRST_LINE:
    import httpx
    from mcp import ClientSession
else:
    import httpx2 as httpx
    from mcp import Client
    from mcp.shared.auth import AuthorizationCodeResult

ISSUER = os.environ["ISSUER"]
BINARY, DATA = os.environ["DOORWARD_BIN"], os.environ["DATA_DIRECTORY"]
USERNAME, PASSWORD = os.environ["SIGN_IN_NAME"], os.environ["SIGN_IN_PASSWORD"]
LIFETIME = int(os.environ["ACCESS_SECONDS"])
CALLBACK = "http://127.0.0.1:33418/callback"
STEPS = 4

SERVERS = {
    "everything": {
        "name": "Everything",
        "tools": ["echo", "trigger-long-running-operation"],
        "slow": ("trigger-long-running-operation", {"steps": STEPS, "duration": 1}),
    },
    "fastmcp": {
        "name": "FastMCP",
        "tools": ["echo", "count", "seen_headers"],
        "slow": ("count", {"steps": STEPS, "seconds": 1}),
    },
}

SCENARIOS = (
    [
        {"server": "everything", "revoke_by": "command", "protocol": "2025-11-25"},
        {"server": "fastmcp", "method": "client_secret_basic", "revoke_by": "client", "protocol": "2025-11-25"},
    ]
    if FIRST_LINE
    else [
        {"server": "everything", "era": "auto", "revoke_by": "client", "protocol": "2025-11-25"},
        {"server": "fastmcp", "era": "legacy", "method": "client_secret_post", "revoke_by": "command", "protocol": "2025-11-25"},
        {"server": "fastmcp", "era": "auto", "method": "none", "revoke_by": "command", "protocol": "2026-07-28"},
    ]
)


class Denied(Exception):
    """The user pressed Deny."""


class Host:
    """What a host program does for one server: keeps the tokens, opens the browser, takes the callback."""

    def __init__(self) -> None:
        self.browser = Browser(ISSUER)
        self.tokens = self.client = None
        self.saved_at = 0.0
        self.asked: list[str] = []
        self.arrivals: list[Arrival] = []
        self.calls: list[tuple[str, str, int, str]] = []
        self.logs: asyncio.Queue = asyncio.Queue()

    async def get_tokens(self):
        return self.tokens

    async def set_tokens(self, tokens) -> None:
        self.tokens, self.saved_at = tokens, time.time()

    async def get_client_info(self):
        return self.client

    async def set_client_info(self, client) -> None:
        self.client = client

    async def redirect(self, url: str) -> None:
        self.asked.append(url)
        decision = "approve" if len(self.asked) == 1 else "deny"
        self.arrivals.append(await asyncio.to_thread(self.browser.authorize, url, USERNAME, PASSWORD, decision))

    async def callback(self):
        arrival = self.arrivals[-1]
        if arrival.one("error"):
            raise Denied(arrival.one("error"))
        if FIRST_LINE:  # iss is the host's to compare
            return arrival.one("code"), arrival.one("state")
        return AuthorizationCodeResult(code=arrival.one("code"), state=arrival.one("state"), iss=arrival.one("iss"))

    async def record(self, response) -> None:
        request = response.request
        form = request.content.decode() if request.url.path == "/token" else ""
        self.calls.append((request.method, request.url.path, response.status_code, form))

    async def heard(self, params) -> None:
        self.logs.put_nowait(params)

    def exchanges(self, since: int) -> list[str]:
        return [
            f"{parse_qs(form)['grant_type'][0]} {status}" for _, path, status, form in self.calls[since:] if path == "/token"
        ]


class Session:
    """The few calls the checks make, the same for both lines of the SDK."""

    def __init__(self, inner, protocol: str) -> None:
        self.inner, self.protocol = inner, protocol

    async def tools(self) -> list[str]:
        return [tool.name for tool in (await self.inner.list_tools()).tools]

    async def call(self, name: str, arguments: dict, progress=None):
        limit = timedelta(seconds=10) if FIRST_LINE else 10.0
        return await self.inner.call_tool(name, arguments, limit, progress)


@asynccontextmanager
async def connect(resource: str, host: Host, metadata: OAuthClientMetadata, era: str | None):
    auth = OAuthClientProvider(resource, metadata, host, host.redirect, host.callback)
    timeout = httpx.Timeout(10.0, read=60.0)
    async with httpx.AsyncClient(auth=auth, timeout=timeout, trust_env=False, event_hooks={"response": [host.record]}) as web:
        transport = streamable_http_client(resource, http_client=web)
        if FIRST_LINE:
            async with transport as (read, write, _), ClientSession(read, write, logging_callback=host.heard) as session:
                yield Session(session, (await session.initialize()).protocolVersion)
        else:
            async with Client(transport, mode=era, logging_callback=host.heard) as client:
                yield Session(client, client.protocol_version)


def post(path: str, body: str, headers: dict[str, str]) -> tuple[int, str, str]:
    """A request without the library, for the bytes of the refusal."""
    connection = http.client.HTTPConnection(urlsplit(ISSUER).netloc, timeout=10)
    try:
        connection.request("POST", path, body=body, headers=headers)
        response = connection.getresponse()
        status, challenge = response.status, response.headers["www-authenticate"] or ""
        return status, challenge, response.read().decode() if status != 200 else ""
    finally:
        connection.close()


def bare(path: str, token: str) -> tuple[int, str, str]:
    headers = {
        "authorization": f"Bearer {token}",
        "content-type": "application/json",
        "accept": "application/json, text/event-stream",
    }
    return post(path, json.dumps({"jsonrpc": "2.0", "id": 1, "method": "ping"}), headers)


def refused(answer: tuple[int, str, str], path: str) -> None:
    status, challenge, _ = answer
    equal(status, 401, "status")
    holds(challenge.startswith("Bearer "), challenge)
    holds('error="invalid_token"' in challenge, challenge)
    holds(f'resource_metadata="{ISSUER}/.well-known/oauth-protected-resource{path}"' in challenge, challenge)


def as_client(host: Host, path: str, form: dict[str, str]) -> tuple[int, str, str]:
    """A form for the authorization server, with the credentials of the registered client."""
    client, headers = host.client, {"content-type": "application/x-www-form-urlencoded"}
    if client.token_endpoint_auth_method == "client_secret_basic":
        pair = base64.b64encode(f"{client.client_id}:{client.client_secret}".encode()).decode()
        headers["authorization"] = f"Basic {pair}"
    else:
        form = {**form, "client_id": client.client_id}
        if client.client_secret:
            form["client_secret"] = client.client_secret
    return post(path, urlencode(form), headers)


def doorward(*words: str) -> str:
    command = [BINARY, *words, "--data", DATA]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=10).stdout


async def scenario(details: dict, checks: Checks) -> None:
    server = SERVERS[details["server"]]
    method, path = details.get("method"), f"/{details['server']}"
    resource = ISSUER + path
    name = f"Python {VERSION} {uuid.uuid4().hex[:8]}"
    host = Host()
    # Without a method the client does not name one in its registration, as hosts do that do not care.
    metadata = OAuthClientMetadata(client_name=name, redirect_uris=[CALLBACK], token_endpoint_auth_method=method)
    session: Session

    async def asked() -> None:
        url, query = host.asked[0], dict(parse_qsl(urlsplit(host.asked[0]).query))
        equal(url.partition("?")[0], f"{ISSUER}/authorize")
        equal(len(host.asked), 1, "times asked")
        equal(query["resource"], resource, "resource")
        equal(query["code_challenge_method"], "S256")
        guesses = [call for call in host.calls if "/.well-known/" in call[1] and call[2] != 200]
        equal(guesses, [], "the first address tried for each document is the right one")
        equal([status for _, at, status, _ in host.calls if at == "/register"], [201], "registration")
        if method:
            equal(host.client.token_endpoint_auth_method, method)

    async def approved() -> None:
        arrival = host.arrivals[0]
        equal([kind for kind, _ in arrival.seen], ["signin", "consent"])
        for word in (name, server["name"], USERNAME, "127.0.0.1:33418"):
            holds(word in arrival.seen[1][1], f"the consent page does not say {word}: {arrival.seen[1][1]}")
        equal(arrival.callback.partition("?")[0], CALLBACK)
        equal(sorted(key for key, _ in arrival.parameters), ["code", "iss", "state"])
        equal(arrival.one("iss"), ISSUER)

    async def exchanged() -> None:
        equal(host.tokens.token_type.lower(), "bearer")
        equal(host.tokens.expires_in, LIFETIME)
        holds(host.tokens.refresh_token, "no refresh token")

    async def lists() -> None:
        equal(session.protocol, details["protocol"])
        names = await session.tools()
        for tool in server["tools"]:
            holds(tool in names, f"{tool} is not in {names}")

    async def echo(message: str) -> None:
        equal((await session.call("echo", {"message": message})).content[0].text, f"Echo: {message}")

    async def progresses() -> None:
        arrivals: list[tuple[str, float]] = []
        started = time.monotonic()

        async def progress(done: float, total: float | None, message: str | None) -> None:
            arrivals.append((f"{done:g}/{total:g}", time.monotonic() - started))

        await session.call(*server["slow"], progress)
        ended = time.monotonic() - started
        equal([step for step, _ in arrivals], [f"{i + 1}/{STEPS}" for i in range(STEPS)])
        first = arrivals[0][1]
        holds(ended - first > 0.5, f"the first of {STEPS} steps arrives after {first:.3f} s of {ended:.3f}")

    async def hears() -> None:
        for _ in range(50):
            if any(call[0] == "GET" and call[1] == path and call[2] == 200 for call in host.calls):
                break
            await asyncio.sleep(0.1)
        else:
            raise AssertionError("the answer to GET has no head after 5 s")
        await session.call("toggle-simulated-logging", {})
        said = await asyncio.wait_for(host.logs.get(), 5)
        holds("message" in said.data, said.data)
        await session.call("toggle-simulated-logging", {})

    async def hidden() -> None:
        result = await session.call("seen_headers", {})
        headers = result.structuredContent if FIRST_LINE else result.structured_content
        equal(headers.get("x-doorward-user"), USERNAME)
        equal(headers.get("x-doorward-client"), host.client.client_id)
        equal(headers.get("x-doorward-scope"), host.tokens.scope)
        equal(headers.get("authorization"), None)
        holds(host.tokens.access_token[8:] not in json.dumps(headers), "the access token is among the headers")

    async def lives() -> None:
        # On a 401 this SDK does not refresh but starts a whole login: the user would be asked again.
        token = host.tokens.access_token
        await asyncio.sleep(max(0.0, host.saved_at + LIFETIME - 0.3 - time.time()))
        # On a machine that is busy the answer may come after that.
        status = bare(path, token)[0]
        holds(status != 401 or time.time() > host.saved_at + LIFETIME, "refused before expires_in is over")

    async def outlives() -> None:
        arguments = {"steps": STEPS, "seconds": LIFETIME + 1}

        async def progress(done: float, total: float | None, message: str | None) -> None: ...

        async with asyncio.timeout(LIFETIME + 5):
            equal((await session.call("count", arguments, progress)).content[0].text, f"Counted to {STEPS}.")
        await echo("and after it")

    async def refreshes() -> None:
        before, since = host.tokens, len(host.calls)
        await asyncio.sleep(max(0.0, host.saved_at + LIFETIME + 1.5 - time.time()))
        refused(bare(path, before.access_token), path)
        await echo("after expiry")
        holds(host.tokens.access_token != before.access_token, "the access token is the old one")
        holds(host.tokens.refresh_token != before.refresh_token, "the refresh token was not rotated")
        # The stream that ended with the token may have been there first, or at the same time.
        equal(set(host.exchanges(since)), {"refresh_token 200"})
        equal(len(host.asked), 1, "times asked")

    async def revoked() -> None:
        token, refresh = host.tokens.access_token, host.tokens.refresh_token
        holds(bare(path, token)[0] != 401, "refused before revocation")
        if details["revoke_by"] == "command":
            mine = [entry for entry in json.loads(doorward("connection", "list", "--json")) if name in json.dumps(entry)]
            equal(len(mine), 1, f"connections of {name}")
            doorward("connection", "revoke", str(mine[0]["id"]))
        else:
            equal(as_client(host, "/revoke", {"token": refresh, "token_type_hint": "refresh_token"})[0], 200)
        refused(bare(path, token), path)
        status, _, body = as_client(host, "/token", {"grant_type": "refresh_token", "refresh_token": refresh})
        equal((status, json.loads(body)["error"]), (400, "invalid_grant"))

    async def denied() -> None:
        holds(not answered, "the call was answered")
        holds(len(host.asked) > 1, "the user is not asked again")
        equal(len([call for call in host.calls if call[1] == "/register"]), 1, "registrations")
        arrival = host.arrivals[1]
        equal([kind for kind, _ in arrival.seen], ["consent"], "the session is still there")
        equal((arrival.one("error"), arrival.one("iss"), arrival.one("code")), ("access_denied", ISSUER, None))
        equal(arrival.one("state"), dict(parse_qsl(urlsplit(host.asked[1]).query))["state"])

    checks.current = "connects through sign-in and consent"
    over = answered = False
    try:
        async with connect(resource, host, metadata, details.get("era")) as session:
            checks.passed()
            await checks("is asked to sign in", asked())
            await checks("its user signs in and approves", approved())
            await checks("exchanges the code", exchanged())
            await checks(f"speaks {details['protocol']} and lists the tools", lists())
            await checks("calls a tool", echo("héllo ✓"))
            await checks("receives progress while the tool runs", progresses())
            if details["server"] == "everything":
                await checks("receives a notification on its own stream", hears())
            else:
                await checks("the upstream is told who calls and never sees the token", hidden())
            await checks("its token lives as long as it said", lives())
            await checks("refreshes an expired token", refreshes())
            if details["server"] == "fastmcp":
                await checks("a call under way outlives its token", outlives())
            by = "by the owner" if details["revoke_by"] == "command" else "by the client"
            await checks(f"is refused after revocation ({by})", revoked())
            checks.current, over = "asks its user again, and is told when they deny", True
            async with asyncio.timeout(10):
                await echo("after revocation")
            answered = True
    except Exception as error:
        # The SDK takes its whole connection down when a login fails; a call that hangs is another matter.
        if not over or isinstance(error, TimeoutError):
            raise
    await checks(checks.current, denied())


async def main() -> int:
    failed = 0
    for details in SCENARIOS:
        parts = [f"Python {VERSION}", details["server"], details.get("era"), details.get("method")]
        checks = Checks(" · ".join(part for part in parts if part))
        try:
            async with asyncio.timeout(90):
                await scenario(details, checks)
        except Exception as error:
            if os.environ.get("VERBOSE"):
                traceback.print_exc()
            checks.failed(error)
            failed += 1
    return 1 if failed else 0


if __name__ == "__main__":
    if not os.environ.get("VERBOSE"):
        logging.disable(logging.CRITICAL)
    sys.exit(asyncio.run(main()))
