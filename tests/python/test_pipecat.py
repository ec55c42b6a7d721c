"""Pipecat: `OpenAIRealtimeLLMService` in a pipeline."""

import asyncio
import contextlib
import re

from loguru import logger
from pipecat.adapters.llm.schemas.function_schema import FunctionSchema
from pipecat.adapters.llm.schemas.tools_schema import ToolsSchema
from pipecat.frames.frames import (
    EndFrame,
    InputAudioRawFrame,
    InterruptionFrame,
    LLMFullResponseEndFrame,
    LLMRunFrame,
    LLMTextFrame,
    TTSAudioRawFrame,
    TTSStoppedFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.services.openai.realtime import events
from pipecat.services.openai.realtime.llm import OpenAIRealtimeLLMService
from pipecat.workers.runner import WorkerRunner

from support import BASE_URL, LONG, RATE, ClientTest, silence, tone

logger.remove()


class Listener(FrameProcessor):
    """Gathers the frames that the service sends downstream."""

    def __init__(self):
        super().__init__()
        self.frames = asyncio.Queue()

    async def process_frame(self, frame, direction):
        await super().process_frame(frame, direction)
        if direction == FrameDirection.DOWNSTREAM:
            self.frames.put_nowait(frame)
        await self.push_frame(frame, direction)

    async def until(self, kind):
        """Returns the frames up to the first one of a kind."""
        frames = []
        while not frames or not isinstance(frames[-1], kind):
            frames.append(await self.frames.get())
        return frames

    async def until_said(self, pattern):
        """Returns as soon as the words match a pattern."""
        frames = []
        while not re.search(pattern, words(frames)):
            frames.append(await self.frames.get())


@contextlib.asynccontextmanager
async def pipeline(context, **session):
    service = OpenAIRealtimeLLMService(
        api_key="sk-test",
        base_url=f"{BASE_URL}/realtime",
        settings=OpenAIRealtimeLLMService.Settings(
            model="gpt-realtime", session_properties=events.SessionProperties(**session)
        ),
    )
    listener, errors = Listener(), []
    pair = LLMContextAggregatorPair(context)
    worker = PipelineWorker(
        Pipeline([pair.user(), service, listener, pair.assistant()]),
        params=PipelineParams(audio_in_sample_rate=RATE, audio_out_sample_rate=RATE),
        cancel_on_idle_timeout=False,
    )

    @worker.event_handler("on_pipeline_error")
    async def on_error(worker, frame):
        errors.append(frame.error)

    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    running = asyncio.create_task(runner.run())
    try:
        yield worker, service, listener
        await worker.queue_frame(EndFrame())
        await running
    finally:
        running.cancel()
    assert errors == [], errors


def spoken(audio):
    return InputAudioRawFrame(audio=audio, sample_rate=RATE, num_channels=1)


def words(frames):
    return "".join(frame.text for frame in frames if type(frame) is LLMTextFrame)


class PipecatTest(ClientTest):
    async def test_text(self):
        context = LLMContext([{"role": "user", "content": "Hi there"}])
        async with pipeline(context, output_modalities=["text"]) as (worker, _, listener):
            await worker.queue_frame(LLMRunFrame())
            frames = await listener.until(LLMFullResponseEndFrame)
            self.assertEqual(words(frames), "You said: Hi there")

    async def test_tool(self):
        weather = FunctionSchema(
            name="weather",
            description="Weather of a city",
            properties={"city": {"type": "string"}},
            required=["city"],
        )
        context = LLMContext(
            [{"role": "user", "content": "How is the weather?"}],
            tools=ToolsSchema(standard_tools=[weather]),
        )
        asked = []

        async def answer(params):
            asked.append(params.arguments)
            await params.result_callback({"sky": "blue"})

        async with pipeline(context, output_modalities=["text"]) as (worker, service, listener):
            service.register_function("weather", answer)
            await worker.queue_frame(LLMRunFrame())
            frames = await listener.until(LLMTextFrame)
            frames += await listener.until(LLMFullResponseEndFrame)
        self.assertEqual(asked, [{"city": "city"}])
        self.assertEqual(words(frames), 'The function answered: {"sky": "blue"}')

    async def test_interruption(self):
        async with pipeline(LLMContext()) as (worker, _, listener):
            await worker.queue_frame(LLMRunFrame())
            await listener.until(TTSStoppedFrame)
            # Each beginning of speech interrupts the pipeline, which drops what is on its way.
            await worker.queue_frame(spoken(tone(LONG)))
            await listener.until(InterruptionFrame)
            await worker.queue_frame(spoken(silence(1)))
            await listener.until(TTSAudioRawFrame)
            await worker.queue_frame(spoken(tone(1)))
            await listener.until(InterruptionFrame)
            await worker.queue_frame(spoken(silence(1)))
            await listener.until_said(r"You spoke for 1\.\d seconds\.$")
