"""openai-agents: `RealtimeRunner` and its session."""

from agents import function_tool
from agents.realtime import RealtimeAgent, RealtimeRunner

from support import LONG, URL, ClientTest, silence, tone

asked = []


@function_tool
def weather(city: str) -> str:
    """Weather of a city."""
    asked.append(city)
    return "sunny"


async def opened(settings={}, tools=()):
    agent = RealtimeAgent(name="agent", instructions="Answer.", tools=list(tools))
    model_config = {
        "url": URL,
        "api_key": "sk-test",
        "initial_model_settings": {"model_name": "gpt-realtime", **settings},
    }
    return await RealtimeRunner(agent).run(model_config=model_config)


class AgentsTest(ClientTest):
    async def until(self, session, event_type, fits=lambda event: True):
        """Returns the events up to the first one of a type that fits."""
        events = []
        async for event in session:
            self.assertNotEqual(event.type, "error", event)
            events.append(event)
            if event.type == event_type and fits(event):
                return events
        self.fail(f"the session ended before {event_type}")

    async def raw(self, session, event_type):
        """Returns the next event of the server of a type."""

        def is_it(event):
            data = event.data
            return data.type == "raw_server_event" and data.data["type"] == event_type

        return (await self.until(session, "raw_model_event", is_it))[-1].data.data

    async def test_text(self):
        async with await opened({"modalities": ["text"]}) as session:
            await session.send_message("Hi there")
            history = []
            for event in await self.until(session, "agent_end"):
                if event.type == "history_updated":
                    history = event.history
                elif event.type == "history_added":
                    history = [*history, event.item]
        said = [(item.role, item.content[0].text) for item in history]
        self.assertEqual(said, [("user", "Hi there"), ("assistant", "You said: Hi there")])

    async def test_tool(self):
        async with await opened({"modalities": ["text"]}, [weather]) as session:
            await session.send_message("How is the weather?")
            end = (await self.until(session, "tool_end"))[-1]
            self.assertEqual((end.tool.name, end.output), ("weather", "sunny"))
            self.assertEqual(asked, ["city"])
            text = await self.raw(session, "response.output_text.done")
        self.assertEqual(text["text"], "The function answered: sunny")

    async def test_interruption(self):
        async with await opened() as session:
            await session.send_audio(tone(LONG) + silence(1))
            await self.until(session, "audio")
            await session.send_audio(tone(1))
            await self.until(session, "audio_interrupted")
            truncated = await self.raw(session, "conversation.item.truncated")
            self.assertLess(truncated["audio_end_ms"], 1000 * LONG)
            await session.send_audio(silence(1))
            said = await self.raw(session, "response.output_audio_transcript.done")
        self.assertRegex(said["transcript"], r"^You spoke for 1\.\d seconds\.$")
