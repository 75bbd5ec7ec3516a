"""Authlib, in the way a web application uses it (its Starlette integration) and by its plain client.

The same checks as oauth.mjs, as far as the library has them: it knows no registration, and no pace for devices.
"""

import asyncio
import importlib.metadata
import json
import logging
import os
import sys
import traceback
from urllib.parse import urlsplit

os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"  # doorward speaks plain HTTP here; that alone is relaxed

import httpx2
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import OAuth2Client
from authlib.integrations.starlette_client import OAuth
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata
from authlib.oauth2.rfc8414 import get_well_known_url as oauth_url
from authlib.oidc.discovery import OpenIDProviderMetadata
from authlib.oidc.discovery import get_well_known_url as openid_url
from browser import Browser
from checks import Checks, equal, holds
from starlette.requests import Request

NAME = f"Authlib {importlib.metadata.version('authlib')}"
ISSUER = os.environ["ISSUER"]
USERNAME, PASSWORD = os.environ["SIGN_IN_NAME"], os.environ["SIGN_IN_PASSWORD"]
CALLBACK = "https://app.example.com/auth/callback"
SCOPE = "mcp openid profile email offline_access"
RESOURCE = f"{ISSUER}/fastmcp"
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
MCP = {"content-type": "application/json", "accept": "application/json, text/event-stream"}
INITIALIZE = json.dumps({
    "jsonrpc": "2.0", "id": 1, "method": "initialize",
    "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": NAME, "version": "1"}},
})

web = httpx2.Client(trust_env=False, timeout=10)
browser = Browser(ISSUER)


def documents() -> tuple[AuthorizationServerMetadata, OpenIDProviderMetadata]:
    """Both documents, each judged by the library."""
    oauth = AuthorizationServerMetadata(web.get(oauth_url(ISSUER, external=True)).json())
    openid = OpenIDProviderMetadata(web.get(openid_url(ISSUER, external=True)).json())
    for document in (oauth, openid):
        equal(document["issuer"], ISSUER, "issuer")
    oauth.validate()
    # What doorward knows of and does not do: OpenID Connect Discovery §3 asks for RS256 as well.
    signed = openid["id_token_signing_alg_values_supported"]
    equal(signed, ["ES256"])
    OpenIDProviderMetadata({**openid, "id_token_signing_alg_values_supported": [*signed, "RS256"]}).validate()
    return oauth, openid


def register(method: str) -> dict:
    metadata = {
        "client_name": f"{NAME} {method}",
        "redirect_uris": [CALLBACK],
        "grant_types": ["authorization_code", "refresh_token", DEVICE_GRANT],
        "token_endpoint_auth_method": method,
    }
    answer = web.post(f"{ISSUER}/register", json=metadata)
    equal(answer.status_code, 201, answer.text)
    return answer.json()


def application(client: dict):
    """What a Starlette application registers once."""
    return OAuth().register(
        "doorward",
        client_id=client["client_id"],
        client_secret=client.get("client_secret"),
        server_metadata_url=openid_url(ISSUER, external=True),
        client_kwargs={
            "scope": SCOPE,
            "code_challenge_method": "S256",
            "token_endpoint_auth_method": client["token_endpoint_auth_method"],
            "trust_env": False,
        },
    )


def plain(client: dict, **changes) -> OAuth2Client:
    details = {**client, **changes}
    return OAuth2Client(
        details["client_id"],
        details.get("client_secret"),
        token_endpoint_auth_method=details["token_endpoint_auth_method"],
        revocation_endpoint_auth_method=details["token_endpoint_auth_method"],
        scope=SCOPE,
        trust_env=False,
    )


def request(session: dict, query: str = "") -> Request:
    """A visit of the user's browser to the application."""
    return Request({"type": "http", "method": "GET", "path": "/", "headers": [], "query_string": query.encode(), "session": session})


async def ask(app, decision: str = "approve", **parameters) -> Request:
    """From the application's redirect to the visit to its callback."""
    session: dict = {}
    redirect = await app.authorize_redirect(request(session), CALLBACK, resource=RESOURCE, **parameters)
    arrival = await asyncio.to_thread(browser.authorize, redirect.headers["location"], USERNAME, PASSWORD, decision)
    equal(arrival.callback.partition("?")[0], CALLBACK)
    equal(arrival.one("iss"), ISSUER)
    return request(session, urlsplit(arrival.callback).query)


async def refused(code: str, call) -> None:
    try:
        answer = call()
        if asyncio.iscoroutine(answer):
            await answer
    except OAuthError as error:
        equal(error.error, code)
    else:
        raise AssertionError(f"no {code}")


async def grant(method: str, checks: Checks) -> None:
    checks.current = "reads both documents and registers"
    oauth, openid = documents()
    client = register(method)
    app = application(client)
    token: dict = {}
    checks.passed()

    async def exchanges() -> None:
        nonlocal token
        # The library compares state and nonce, iss, aud, exp and at_hash, and the signature with a key of jwks_uri.
        token = await app.authorize_access_token(await ask(app))
        equal((token["expires_in"], token["scope"]), (3600, SCOPE))
        claims = token["userinfo"]
        equal((claims["iss"], claims["aud"]), (ISSUER, client["client_id"]))
        equal((claims["preferred_username"], claims["email"]), (USERNAME, USERNAME))
        holds(claims["at_hash"] and claims["nonce"], claims)

    async def userinfo() -> None:
        told = await app.userinfo(token=token)
        equal((told["sub"], told["email"]), (token["userinfo"]["sub"], USERNAME))

    async def calls() -> None:
        answer = await app.post(RESOURCE, token=token, content=INITIALIZE, headers=MCP)
        equal(answer.status_code, 200, answer.text)

    async def introspects() -> None:
        for name in ("access_token", "refresh_token"):
            told = plain(client).introspect_token(oauth["introspection_endpoint"], token[name], token_type_hint=name).json()
            equal((told["active"], told["client_id"], told["iss"]), (True, client["client_id"], ISSUER))
            equal(told["sub"], token["userinfo"]["sub"])

    async def refreshes() -> None:
        nonlocal token
        before = token
        token = dict(plain(client).refresh_token(oauth["token_endpoint"], before["refresh_token"]))
        holds(token["refresh_token"] != before["refresh_token"], "the refresh token is the old one")
        claims = await app.parse_id_token(token, nonce=None)
        equal(claims["sub"], before["userinfo"]["sub"])
        await calls()

    async def revokes() -> None:
        answer = plain(client).revoke_token(oauth["revocation_endpoint"], token["refresh_token"], token_type_hint="refresh_token")
        equal(answer.status_code, 200)
        told = plain(client).introspect_token(oauth["introspection_endpoint"], token["access_token"]).json()
        equal(told, {"active": False})
        answer = await app.post(RESOURCE, token=token, content=INITIALIZE, headers=MCP)
        equal(answer.status_code, 401)
        await refused("invalid_grant", lambda: plain(client).refresh_token(oauth["token_endpoint"], token["refresh_token"]))

    async def errors() -> None:
        denied = await ask(app, "deny")
        await refused("access_denied", lambda: app.authorize_access_token(denied))
        wrong = await ask(app)
        for state in wrong.session.values():
            state["data"]["code_verifier"] = "x" * 48
        await refused("invalid_grant", lambda: app.authorize_access_token(wrong))
        unknown = {"client_id": "client_unknown"} if method == "none" else {"client_secret": client["client_secret"] + "x"}
        await refused("invalid_client", lambda: plain(client, **unknown).refresh_token(oauth["token_endpoint"], "whatever"))

    async def device() -> None:
        begun = web.post(oauth["device_authorization_endpoint"], data={"client_id": client["client_id"], "scope": SCOPE, "resource": RESOURCE}).json()
        poll = lambda: plain(client).fetch_token(oauth["token_endpoint"], grant_type=DEVICE_GRANT, device_code=begun["device_code"])
        await refused("authorization_pending", poll)
        await refused("slow_down", poll)
        await asyncio.to_thread(browser.device, begun["verification_uri_complete"], begun["user_code"], USERNAME, PASSWORD)
        tokens = poll()
        claims = await app.parse_id_token(tokens, nonce=None)
        equal(claims["preferred_username"], USERNAME)

    await checks("exchanges the code and checks the ID token", exchanges())
    await checks("learns who it is at userinfo", userinfo())
    await checks("calls the server", calls())
    await checks("introspects what it holds", introspects())
    await checks("refreshes, and the refresh token is another", refreshes())
    await checks("revokes, and everything is over", revokes())
    await checks("a denial, a wrong verifier and a wrong secret are each told by their code", errors())
    if method == "none":
        await checks("a device waits, asks too often and is let in", device())


async def main() -> int:
    failed = 0
    for method in ("none", "client_secret_basic", "client_secret_post"):
        checks = Checks(f"{NAME} · {method}")
        try:
            await grant(method, checks)
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
