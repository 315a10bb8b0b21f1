"""A colleague who answers in place of the bot, whatever it is about to say."""

import asyncio
import random
import uuid

import aiohttp

EMAIL = "carol@deskmate.example"
N_TRIES = 8
WAIT_SECONDS = 1.0
TEXT = "Hello, this is Carol. I am taking care of it."


class Colleague:
    """Signed in from the first answer on."""

    def __init__(self, url: str, password: str, rng: random.Random) -> None:
        self._api = f"{url}/api/v1"
        self._password = password
        self._rng = rng
        self._http: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Close the browser."""
        if self._http is not None:
            await self._http.close()

    async def take_over(self, conversation_id: str) -> bool:
        """Answer in a conversation; false if the gateway is gone for too long."""
        body = {
            "client_message_id": str(
                uuid.UUID(int=self._rng.getrandbits(128), version=4)
            ),
            "text": TEXT,
        }
        for _ in range(N_TRIES):
            try:
                await self._post(f"/conversations/{conversation_id}/messages", body)
            except (aiohttp.ClientError, TimeoutError, OSError):
                # The same message again: it is stored once.
                await asyncio.sleep(WAIT_SECONDS)
            else:
                return True
        return False

    async def _post(self, path: str, body: dict[str, str]) -> None:
        if self._http is None:
            self._http = aiohttp.ClientSession(
                # By default there are no cookies for an address without a name.
                cookie_jar=aiohttp.CookieJar(unsafe=True),
                timeout=aiohttp.ClientTimeout(total=10),
                raise_for_status=True,
            )
        if not len(self._http.cookie_jar):
            credentials = {"email": EMAIL, "password": self._password}
            async with self._http.post(self._api + "/session", json=credentials):
                pass
        async with self._http.post(self._api + path, json=body):
            pass
