"""Speech, the addresses of the emulator, and the base of the tests of Python clients."""

import array
import asyncio
import functools
import logging
import math
import os
import unittest

# unittest's debug mode would print each step that takes long.
logging.getLogger("asyncio").setLevel(logging.ERROR)

# Samples of the protocol's default audio format in a second.
RATE = 24_000
# Longest time of a test.
LIMIT_SECONDS = 60
# Length of speech whose reply, which takes as long, is to be interrupted.
LONG = 40

# The emulator, whose replies take as long as speech.
BASE_URL = os.environ["EMULATOR_WS_URL"]
URL = f"{BASE_URL}/realtime?model=gpt-realtime"
HTTP_URL = BASE_URL.replace("ws://", "http://")
AZURE_URL = BASE_URL.removesuffix("/v1") + "/openai"


def tone(seconds):
    """Returns a loud tone of 300 Hz, as 16-bit samples."""
    samples = (int(12_000 * math.sin(2 * math.pi * index / 80)) for index in range(80))
    return array.array("h", samples).tobytes() * int(seconds * RATE / 80)


def silence(seconds):
    """Returns silence, as 16-bit samples."""
    return bytes(2 * int(seconds * RATE))


class ClientTest(unittest.IsolatedAsyncioTestCase):
    """A test that fails, and does not hang, if an event never comes."""

    def _callTestMethod(self, method):
        @functools.wraps(method)
        async def limited():
            asyncio.get_running_loop().set_debug(False)
            async with asyncio.timeout(LIMIT_SECONDS):
                await method()

        super()._callTestMethod(limited)
