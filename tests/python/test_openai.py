"""openai-python: `AsyncOpenAI`, `OpenAI` and `AsyncAzureOpenAI`."""

import base64
import contextlib
import json

from openai import AsyncAzureOpenAI, AsyncOpenAI, OpenAI

from support import AZURE_URL, BASE_URL, HTTP_URL, LONG, ClientTest, silence, tone


def client(key="sk-test"):
    return AsyncOpenAI(api_key=key, base_url=HTTP_URL, websocket_base_url=BASE_URL)


@contextlib.asynccontextmanager
async def connected(**session):
    """Opens a conversation, and configures it."""
    async with client() as openai, openai.realtime.connect(model="gpt-realtime") as connection:
        await until(connection, "session.created")
        await connection.session.update(session={"type": "realtime", **session})
        updated = (await until(connection, "session.updated"))[-1].session
        assert updated.model == "gpt-realtime", updated
        yield connection


async def say(connection, text):
    """Sends a text, and asks for a response."""
    content = [{"type": "input_text", "text": text}]
    await connection.conversation.item.create(
        item={"type": "message", "role": "user", "content": content}
    )
    await connection.response.create()


async def speak(connection, audio):
    await connection.input_audio_buffer.append(audio=base64.b64encode(audio).decode())


async def until(connection, event_type):
    """Returns the events up to the first one of a type."""
    events = []
    async for event in connection:
        assert event.type != "error", event
        events.append(event)
        if event.type == event_type:
            return events
    raise AssertionError(f"the connection ended before {event_type}")


class OpenAITest(ClientTest):
    async def test_text(self):
        async with connected(output_modalities=["text"]) as connection:
            await say(connection, "Hi there")
            events = await until(connection, "response.done")
        words = [event.delta for event in events if event.type == "response.output_text.delta"]
        self.assertEqual("".join(words), "You said: Hi there")
        response = events[-1].response
        self.assertEqual(response.status, "completed")
        self.assertEqual(response.output[0].content[0].text, "You said: Hi there")
        usage = response.usage
        self.assertEqual(usage.total_tokens, usage.input_tokens + usage.output_tokens)

    async def test_interruption(self):
        vad = {"type": "server_vad"}
        async with connected(audio={"input": {"turn_detection": vad}}) as connection:
            await speak(connection, tone(LONG) + silence(1))
            item_id = (await until(connection, "response.output_audio.delta"))[-1].item_id
            await speak(connection, tone(1))
            cancelled = (await until(connection, "response.done"))[-1].response
            self.assertEqual(cancelled.status, "cancelled")
            self.assertEqual(cancelled.status_details.reason, "turn_detected")
            await connection.conversation.item.truncate(
                item_id=item_id, content_index=0, audio_end_ms=100
            )
            truncated = (await until(connection, "conversation.item.truncated"))[-1]
            self.assertEqual((truncated.item_id, truncated.audio_end_ms), (item_id, 100))
            await speak(connection, silence(1))
            done = (await until(connection, "response.done"))[-1].response
        self.assertEqual(done.status, "completed")
        said = done.output[0].content[0].transcript
        self.assertRegex(said, r"^You spoke for 1\.\d seconds\.$")

    async def test_tool(self):
        parameters = {"type": "object", "properties": {"city": {"type": "string"}}}
        tool = {"type": "function", "name": "weather", "parameters": parameters}
        async with connected(output_modalities=["text"], tools=[tool]) as connection:
            await say(connection, "How is the weather?")
            events = await until(connection, "response.done")
            call = next(e for e in events if e.type == "response.function_call_arguments.done")
            self.assertEqual((call.name, json.loads(call.arguments)), ("weather", {"city": "city"}))
            await connection.conversation.item.create(
                item={"type": "function_call_output", "call_id": call.call_id, "output": "sunny"}
            )
            await connection.response.create()
            done = (await until(connection, "response.done"))[-1].response
        self.assertEqual(done.output[0].content[0].text, "The function answered: sunny")

    async def test_client_secret(self):
        session = {"type": "realtime", "model": "gpt-realtime", "instructions": "Be brief."}
        async with client() as openai:
            secret = await openai.realtime.client_secrets.create(session=session)
        self.assertRegex(secret.value, "^ek_")
        async with client(secret.value) as openai, openai.realtime.connect() as connection:
            created = await connection.recv()
        self.assertEqual(created.session.instructions, "Be brief.")

    async def test_errors(self):
        async with connected() as connection:
            await connection.response.cancel(event_id="mine")
            error = (await connection.recv()).error
        self.assertEqual((error.code, error.event_id), ("response_cancel_not_active", "mine"))

    async def test_azure(self):
        azure = AsyncAzureOpenAI(
            api_key="key",
            api_version="2025-04-01-preview",
            azure_endpoint=HTTP_URL.removesuffix("/v1"),
            websocket_base_url=AZURE_URL,
        )
        async with azure, azure.realtime.connect(model="my-deployment") as connection:
            await until(connection, "session.created")
            # The deployment's model.
            await connection.session.update(session={"type": "realtime", "model": "gpt-realtime"})
            await connection.response.create(response={"output_modalities": ["text"]})
            done = (await until(connection, "response.done"))[-1].response
        self.assertEqual(done.status, "completed")

    async def test_translation(self):
        async with client() as openai:
            connecting = openai.realtime.translations.connect(model="gpt-realtime-translate")
            async with connecting as connection:
                await connection.session.update(session={"audio": {"output": {"language": "es"}}})
                updated = (await until(connection, "session.updated"))[-1]
                self.assertEqual(updated.session.audio.output.language, "es")
                audio = base64.b64encode(tone(1)).decode()
                await connection.session.input_audio_buffer.append(audio=audio)
                await connection.session.close()
                events = await until(connection, "session.closed")
        deltas = [event.delta for event in events if event.type == "session.output_audio.delta"]
        self.assertEqual(b"".join(map(base64.b64decode, deltas)), tone(1))
        words = [event.delta for event in events if event.type == "session.output_transcript.delta"]
        self.assertEqual("".join(words), "1.0 seconds of speech.")


class BlockingOpenAITest(ClientTest):
    async def test_text(self):
        openai = OpenAI(api_key="sk-test", base_url=HTTP_URL, websocket_base_url=BASE_URL)
        with openai, openai.realtime.connect(model="gpt-realtime") as connection:
            connection.response.create(response={"output_modalities": ["text"]})
            done = next(event for event in connection if event.type == "response.output_text.done")
        self.assertEqual(done.text, "Hello! Say something, and I will repeat it.")
