"""LiveKit Agents: the OpenAI plugin's `RealtimeModel`, in an `AgentSession` and on its own."""

import asyncio
import contextlib

import aiohttp
from livekit import rtc
from livekit.agents import Agent, AgentSession, function_tool
from livekit.plugins.openai import realtime

from support import AZURE_URL, HTTP_URL, LONG, RATE, ClientTest, silence, tone

asked = []


@function_tool
async def weather(city: str) -> str:
    """Weather of a city."""
    asked.append(city)
    return "sunny"


@contextlib.asynccontextmanager
async def model(**options):
    async with aiohttp.ClientSession() as http:
        async with realtime.RealtimeModel(
            base_url=HTTP_URL, api_key="sk-test", http_session=http, **options
        ) as model:
            yield model


def frame(audio):
    return rtc.AudioFrame(audio, RATE, 1, len(audio) // 2)


async def one(iterable):
    async for value in iterable:
        return value


async def words(message):
    return "".join([word async for word in message.text_stream])


class LiveKitTest(ClientTest):
    async def test_text_and_tool(self):
        async with model(modalities=["text"]) as llm, AgentSession(llm=llm) as session:
            await session.start(Agent(instructions="Answer.", tools=[weather]))
            said = (await session.run(user_input="Hi there")).events
            self.assertEqual([event.item.text_content for event in said], ["You said: Hi there"])
            told = (await session.run(user_input="How is the weather?")).events
            self.assertEqual(told[-1].item.text_content, "The function answered: sunny")
            self.assertEqual(asked, ["city"])

    async def test_interruption(self):
        async with model() as llm:
            session = llm.session()
            errors, generations, started = [], asyncio.Queue(), asyncio.Event()
            session.on("error", errors.append)
            session.on("generation_created", generations.put_nowait)
            session.on("input_speech_started", lambda _: started.set())
            session.push_audio(frame(tone(LONG) + silence(1)))
            message = await one((await generations.get()).message_stream)
            await one(message.audio_stream)
            started.clear()
            session.push_audio(frame(tone(1)))
            await started.wait()
            heard = sum([frame.duration async for frame in message.audio_stream])
            self.assertLess(heard, LONG)
            session.truncate(
                message_id=message.message_id, modalities=["audio"], audio_end_ms=100
            )
            session.push_audio(frame(silence(1)))
            message = await one((await generations.get()).message_stream)
            self.assertRegex(await words(message), r"^You spoke for 1\.\d seconds\.$")
            await session.aclose()
            self.assertEqual(errors, [])

    async def test_azure(self):
        async with aiohttp.ClientSession() as http:
            llm = realtime.RealtimeModel.with_azure(
                azure_deployment="my-deployment",
                base_url=AZURE_URL,
                api_key="key",
                modalities=["text"],
                http_session=http,
            )
            session = llm.session()
            errors = []
            session.on("error", errors.append)
            message = await one((await session.generate_reply()).message_stream)
            self.assertEqual(await words(message), "Hello! Say something, and I will repeat it.")
            await session.aclose()
            await llm.aclose()
            self.assertEqual(errors, [])
