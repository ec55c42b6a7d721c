"""LiteLLM: the client that its gateway reaches the service with."""

import asyncio
import base64
import json
import os

# Its list of prices, which it otherwise downloads when it is imported.
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"

import litellm

from support import HTTP_URL, LONG, ClientTest, silence, tone


class Caller:
    """The WebSocket of a gateway's caller, as starlette has it."""

    scope = {"type": "websocket", "headers": []}
    headers = {}
    query_params = {}

    def __init__(self):
        self.sent, self.received = asyncio.Queue(), asyncio.Queue()
        self.closed = None

    def send(self, event):
        self.sent.put_nowait(json.dumps(event))

    async def until(self, event_type):
        """Returns the events up to the first one of a type."""
        events = []
        while not events or events[-1]["type"] != event_type:
            events.append(json.loads(await self.received.get()))
            assert events[-1]["type"] != "error", events[-1]
        return events

    async def receive_text(self):
        return await self.sent.get()

    async def send_text(self, text):
        self.received.put_nowait(text)

    async def close(self, code=1000, reason=None):
        self.closed = (code, reason)


class LiteLLMTest(ClientTest):
    async def asyncSetUp(self):
        self.caller = Caller()
        call = litellm._arealtime(
            model="openai/gpt-realtime",
            websocket=self.caller,
            api_base=HTTP_URL,
            api_key="sk-test",
        )
        self.session = asyncio.create_task(call)

    async def asyncTearDown(self):
        self.session.cancel()
        await asyncio.gather(self.session, return_exceptions=True)

    def say(self, text):
        content = [{"type": "input_text", "text": text}]
        item = {"type": "message", "role": "user", "content": content}
        self.caller.send({"type": "conversation.item.create", "item": item})
        self.caller.send({"type": "response.create"})

    async def test_text(self):
        session = {"type": "realtime", "output_modalities": ["text"]}
        self.caller.send({"type": "session.update", "session": session})
        await self.caller.until("session.updated")
        self.say("Hi there")
        done = (await self.caller.until("response.done"))[-1]["response"]
        self.assertEqual(done["output"][0]["content"][0]["text"], "You said: Hi there")

    def speak(self, audio):
        audio = base64.b64encode(audio).decode()
        self.caller.send({"type": "input_audio_buffer.append", "audio": audio})

    async def test_interruption(self):
        await self.caller.until("session.created")
        self.speak(tone(LONG) + silence(1))
        await self.caller.until("response.output_audio.delta")
        self.speak(tone(1))
        cancelled = (await self.caller.until("response.done"))[-1]["response"]
        self.assertEqual(cancelled["status"], "cancelled")
        self.assertEqual(cancelled["status_details"]["reason"], "turn_detected")
        self.speak(silence(1))
        done = (await self.caller.until("response.done"))[-1]["response"]
        said = done["output"][0]["content"][0]["transcript"]
        self.assertRegex(said, r"^You spoke for 1\.\d seconds\.$")
