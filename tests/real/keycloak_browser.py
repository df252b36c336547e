"""A browser for the pages of a login, as far as they are forms: it logs in, enters a device's code and says yes."""

from __future__ import annotations

import html
import re
from http.cookiejar import CookieJar, DefaultCookiePolicy
from urllib.parse import urlencode, urljoin
from urllib.request import HTTPCookieProcessor, ProxyHandler, Request, build_opener

_FORM = re.compile(r"<form\b[^>]*>.*?</form>", re.DOTALL | re.IGNORECASE)
_ACTION = re.compile(r'\baction="([^"]*)"')
_INPUT = re.compile(r"<(?:input|button)\b[^>]*>", re.IGNORECASE)
_NAME, _VALUE = re.compile(r'\bname="([^"]*)"'), re.compile(r'\bvalue="([^"]*)"')
_REFUSING = ("cancel", "abort")
MOST_PAGES = 8
PATIENCE = 240.0


class Browser:
    """One person's browser, with cookies of its own. `user` is also the password."""

    def __init__(self, user: str) -> None:
        self.user = user
        self.seen: list[str] = []
        policy = DefaultCookiePolicy(secure_protocols=("http", "https"))
        self._opener = build_opener(ProxyHandler({}), HTTPCookieProcessor(CookieJar(policy)))

    def open(self, url: str, *, answers: dict[str, str] | None = None) -> str:
        """Follow a link and fill every form in until there is none; the text of the last page.

        `answers` are fields beside user name and password, a device's code for one.
        """
        page = self._get(url)
        for _ in range(MOST_PAGES):
            form = _FORM.search(page)
            if form is None:
                return page
            page = self._submit(form[0], answers or {})
        raise AssertionError(f"no end of forms: {page[:2000]}")

    def _submit(self, form: str, answers: dict[str, str]) -> str:
        action = _ACTION.search(form)
        assert action is not None, form
        known = {"username": self.user, "login": self.user, "password": self.user} | answers
        fields = {}
        for written in _INPUT.findall(form):
            name, value = _NAME.search(written), _VALUE.search(written)
            if name is None or name[1] in _REFUSING or 'type="checkbox"' in written:
                continue
            fields[name[1]] = known.get(name[1], html.unescape(value[1]) if value else "")
        return self._get(urljoin(self.seen[-1], html.unescape(action[1])), urlencode(fields).encode())

    def _get(self, url: str, data: bytes | None = None) -> str:
        request = Request(url, data=data)
        try:
            with self._opener.open(request, timeout=PATIENCE) as answer:
                self.seen.append(answer.geturl())
                text: str = answer.read().decode()
        except OSError as error:
            body = getattr(error, "read", bytes)()
            said = re.sub(r"<[^>]+>|\s+", " ", body.decode())[:600]
            raise AssertionError(f"{url}: {error}: {said}") from None
        return text
