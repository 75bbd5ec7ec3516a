"""Prints one line for each check. The same as checks.mjs."""

import asyncio


def equal(found, expected, what: str = "") -> None:
    if found != expected:
        raise AssertionError(f"{what or 'found'}: {found!r}, expected {expected!r}")


def holds(condition, what: str) -> None:
    if not condition:
        raise AssertionError(what)


class Checks:
    """Prints one line for each check and knows which one is under way."""

    def __init__(self, title: str) -> None:
        self.title, self.current = title, ""

    async def __call__(self, what: str, body) -> None:
        self.current = what
        async with asyncio.timeout(30):
            await body
        self.passed()

    def passed(self) -> None:
        print(f"ok    {self.title}: {self.current}", flush=True)

    def failed(self, error: BaseException) -> None:
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        said = " ".join(f"{type(error).__name__} {error}".split())
        print(f"FAIL  {self.title}: {self.current}: {said}", flush=True)
