"""Home Assistant's sequence, spoken by the package `wyoming`: python client.py PATH-OF-WAVLM."""

import asyncio
import subprocess
import sys
import wave
from pathlib import Path

from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.client import AsyncTcpClient
from wyoming.info import Describe, Info
from wyoming.ping import Ping, Pong
from wyoming.wake import Detect, Detection, NotDetected

SAMPLES = Path(__file__).parents[2] / "models" / "samples"
CHUNK = 320  # bytes: 10 ms


async def ask(client, event, kind):
    """Sends an event and reads an answer of one kind."""
    await client.write_event(event.event())
    return await expect(client, kind)


async def expect(client, kind):
    """The next event, which must be of this kind."""
    event = await asyncio.wait_for(client.read_event(), 30)
    assert event is not None and kind.is_type(event.type), event
    return kind.from_event(event)


async def play(client, name):
    """Sends a recording as a satellite does."""
    with wave.open(str(SAMPLES / name)) as file:
        sound = file.readframes(file.getnframes())
    form = {"rate": 16000, "width": 2, "channels": 1}
    await client.write_event(AudioStart(**form).event())
    for start in range(0, len(sound), CHUNK):
        await client.write_event(AudioChunk(**form, audio=sound[start : start + CHUNK]).event())
    await client.write_event(AudioStop().event())


async def talk(port):
    """All that is asked, each run in a connection of its own."""
    async with AsyncTcpClient("127.0.0.1", port) as client:
        info = await ask(client, Describe(), Info)
        words = [model.name for model in info.wake[0].models]
        assert "stop" in words, words
        assert (await ask(client, Ping(text="there?"), Pong)).text == "there?"
    for _ in range(2):
        async with AsyncTcpClient("127.0.0.1", port) as client:
            await client.write_event(Detect(names=["stop"]).event())
            await play(client, "stop-b.wav")
            assert (await expect(client, Detection)).name == "stop"
    async with AsyncTcpClient("127.0.0.1", port) as client:
        await client.write_event(Detect(names=["stop"]).event())
        await play(client, "sentence-a.wav")
        await expect(client, NotDetected)
    print(f"wyoming: {len(words)} words, two runs heard, one without the word")


def main():
    """Starts the service, talks, and ends it."""
    command = [sys.argv[1], "serve", "--uri", "tcp://127.0.0.1:0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as service:
        try:
            port = int(service.stderr.readline().rsplit(":", 1)[1])
            asyncio.run(talk(port))
        finally:
            service.kill()


if __name__ == "__main__":
    main()
