"""A browser without JavaScript: cookies, redirects inside one origin, forms.

It walks doorward's sign-in and consent pages and stops at the first redirect that leaves the
origin, which is the client's callback. The same as browser.mjs, on Python's standard library.
"""

import http.client
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.cookies import SimpleCookie
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit


@dataclass
class Form:
    action: str
    method: str
    fields: list[tuple[str, str]] = field(default_factory=list)
    buttons: list[tuple[str, str]] = field(default_factory=list)


@dataclass
class Page:
    url: str
    headers: http.client.HTTPMessage
    forms: list[Form]
    text: str


@dataclass
class Arrival:
    """The redirect to the client: what was seen on the way, where it goes, what it carries."""

    callback: str
    seen: list[tuple[str, str]] = field(default_factory=list)

    @property
    def parameters(self) -> list[tuple[str, str]]:
        return parse_qsl(urlsplit(self.callback).query, keep_blank_values=True)

    def one(self, name: str) -> str | None:
        values = [value for key, value in self.parameters if key == name]
        if len(values) > 1:
            raise AssertionError(f"{name} is {len(values)} times in {self.callback}")
        return values[0] if values else None


class _Reader(HTMLParser):
    def __init__(self, base: str) -> None:
        super().__init__()
        self.base, self.forms, self.words = base, [], []
        self._form: Form | None = None
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        a = dict(attrs)
        if tag in ("head", "style", "script"):
            self._hidden += 1
        elif tag == "form":
            self._form = Form(urljoin(self.base, a.get("action") or self.base), (a.get("method") or "get").lower())
            self.forms.append(self._form)
        elif self._form and tag in ("input", "button", "select", "textarea") and a.get("name") and "disabled" not in a:
            kind = (a.get("type") or ("submit" if tag == "button" else "text")).lower()
            value = a.get("value") or ("on" if kind == "checkbox" else "")
            if kind == "submit":
                self._form.buttons.append((a["name"], value))
            elif kind not in ("checkbox", "radio") or "checked" in a:
                self._form.fields.append((a["name"], value))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        elif tag in ("head", "style", "script"):
            self._hidden -= 1

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.words.append(data)


class Browser:
    def __init__(self, origin: str) -> None:
        self.host = urlsplit(origin).netloc
        self.origin = f"http://{self.host}"
        self._cookies: dict[str, tuple[str, str]] = {}

    def _request(self, url: str, body: str | None = None, headers: dict[str, str] | None = None):
        parts = urlsplit(url)
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        cookies = [f"{n}={v}" for n, (v, p) in self._cookies.items() if parts.path.startswith(p)]
        sent = {
            "accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8",
            "sec-fetch-dest": "document",
            "sec-fetch-mode": "navigate",
            **({"cookie": "; ".join(cookies)} if cookies else {}),
            **({} if body is None else {"content-type": "application/x-www-form-urlencoded"}),
            **(headers or {}),
        }
        connection = http.client.HTTPConnection(self.host, timeout=10)
        try:
            connection.request("GET" if body is None else "POST", target, body=body, headers=sent)
            response = connection.getresponse()
            html = response.read().decode()
        finally:
            connection.close()
        for line in response.headers.get_all("set-cookie") or []:
            self._keep(line)
        return response.status, response.headers, html

    def _keep(self, line: str) -> None:
        for name, morsel in SimpleCookie(line).items():
            if morsel["secure"]:
                raise AssertionError(f"a Secure cookie over plain http is dropped by browsers: {name}")
            if morsel.value == "" or morsel["max-age"] == "0":
                self._cookies.pop(name, None)
            else:
                self._cookies[name] = (morsel.value, morsel["path"] or "/")

    def _navigate(self, url: str, body: str | None = None, headers: dict[str, str] | None = None) -> Page | Arrival:
        for _ in range(10):
            status, got, html = self._request(url, body, headers)
            if status not in (301, 302, 303, 307, 308):
                break
            if status > 303 and body is not None:
                raise AssertionError(f"{url} answers {status}: the form would be sent again")
            url, body, headers = urljoin(url, got["location"]), None, None
            if urlsplit(url).netloc != self.host:
                return Arrival(url)
        else:
            raise AssertionError(f"more than 10 redirects, last {url}")
        reader = _Reader(url)
        reader.feed(html)
        text = " ".join(" ".join(reader.words).split())
        if status >= 400:
            raise AssertionError(f"{urlsplit(url).path} answers {status}: {text[:300]}")
        return Page(url, got, reader.forms, text)

    def submit(self, page: Page, form: Form, values: dict[str, str], press: tuple[str, str] | None = None):
        names = [name for name, _ in form.fields]
        if missing := [name for name in values if name not in names]:
            raise AssertionError(f"no field {missing} on {page.url}")
        if press and press not in form.buttons:
            raise AssertionError(f"no button {press} on {page.url}")
        data = [(name, values.get(name, value)) for name, value in form.fields] + ([press] if press else [])
        headers = {"origin": self.origin, "referer": page.url, "sec-fetch-site": "same-origin"}
        arrived = self._navigate(form.action, urlencode(data), headers)
        if isinstance(arrived, Arrival) and "form-action" in (page.headers["content-security-policy"] or ""):
            raise AssertionError(f"form-action in the CSP of {page.url}: Chromium would not follow {arrived.callback}")
        return arrived

    def authorize(self, url: str, username: str, password: str, decision: str = "approve") -> Arrival:
        """From the authorization URL to the callback."""
        seen: list[tuple[str, str]] = []
        page = self._navigate(url, headers={"sec-fetch-site": "none"})
        while isinstance(page, Page):
            if len(seen) == 4:
                raise AssertionError(f"no callback after {[kind for kind, _ in seen]}")
            for form in page.forms:
                kind = urlsplit(form.action).path
                if kind == "/signin":
                    seen.append(("signin", page.text))
                    page = self.submit(page, form, {"username": username, "password": password})
                    break
                if kind == "/consent":
                    seen.append(("consent", page.text))
                    page = self.submit(page, form, {}, ("decision", decision))
                    break
            else:
                raise AssertionError(f"neither sign-in nor consent: {page.url}: {page.text[:300]}")
        page.seen = seen
        return page

    def device(self, url: str, user_code: str, username: str, password: str, decision: str = "approve") -> str:
        """For a device: opens the page, enters the code that it shows, decides. Gives what the last page said."""

        def form(path: str) -> Form:
            for form in page.forms:
                if urlsplit(form.action).path == path:
                    return form
            raise AssertionError(f"no form for {path}: {page.text[:300]}")

        page = self._navigate(url, headers={"sec-fetch-site": "none"})
        if any(urlsplit(form.action).path == "/signin" for form in page.forms):
            page = self.submit(page, form("/signin"), {"username": username, "password": password})
        page = self.submit(page, form("/device"), {"user_code": user_code})
        if user_code not in page.text:
            raise AssertionError(f"the page does not show {user_code}: {page.text[:300]}")
        return self.submit(page, form("/device"), {}, ("decision", decision)).text
