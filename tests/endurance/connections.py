"""Thousands of clients of `wavlm serve`, a tenth of them slow or hostile, beside a program that listens."""

import asyncio
import json
import random
import subprocess
import time

from programs import RATE, descriptors, resident_kib, sample, start

AT_ONCE = 100
HOSTILE_SHARE = 0.1
MOST_GROWTH_KIB = 64 * 1024
PATIENCE_S = 20


def message(kind, data=None, payload=b""):
    """A Wyoming message."""
    header = {"type": kind, "data": data or {}}
    if payload:
        header["payload_length"] = len(payload)
    return json.dumps(header).encode() + b"\n" + payload


async def honest(host, port):
    """Asks what there is; whether it was told."""
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(message("describe"))
        await writer.drain()
        line = await asyncio.wait_for(reader.readline(), PATIENCE_S)
        return b'"info"' in line
    finally:
        writer.close()


async def hostile(host, port, rng):
    """Sends what no client should, or nothing, and goes without a word."""
    _, writer = await asyncio.open_connection(host, port)
    kind = rng.randrange(5)
    sent = {
        0: b"",
        1: b"{" * 100_000,
        2: rng.randbytes(5000),
        3: b'{"type": "audio-chunk", "data_length": 99999999999, "payload_length": 99999999999}\n',
        4: message("audio-start", {"rate": RATE, "width": 2, "channels": 1})[:-9],
    }[kind]
    try:
        for byte in range(0, len(sent), 997):
            writer.write(sent[byte : byte + 997])
            await writer.drain()
            await asyncio.sleep(rng.uniform(0, 0.02))
        await asyncio.sleep(rng.uniform(0, 1))
    except ConnectionError:
        pass  # it was sent away, as it should be
    finally:
        writer.transport.abort()


async def word(host, port):
    """Sends a recording; the word that is detected."""
    reader, writer = await asyncio.open_connection(host, port)
    form = {"rate": RATE, "width": 2, "channels": 1}
    writer.write(message("detect") + message("audio-start", form))
    sound = sample("stop-b.wav") + bytes(2 * RATE)
    for first in range(0, len(sound), 2048):
        writer.write(message("audio-chunk", form, sound[first : first + 2048]))
        await writer.drain()
    writer.write(message("audio-stop"))
    await writer.drain()
    while line := await asyncio.wait_for(reader.readline(), PATIENCE_S):
        header = json.loads(line)
        data = header.get("data") or {}
        if length := header.get("data_length"):
            data |= json.loads(await reader.readexactly(length))
        if header["type"] in ("detection", "not-detected"):
            writer.close()
            return data.get("name")
    return None


async def all_of_them(host, port, count):
    """How many honest ones were answered, of how many."""
    rng, gate = random.Random(3), asyncio.Semaphore(AT_ONCE)
    asked = answered = 0

    async def one():
        nonlocal asked, answered
        async with gate:
            if rng.random() < HOSTILE_SHARE:
                await hostile(host, port, rng)
                return
            asked += 1
            try:
                told = await honest(host, port)
                answered += told
            except (ConnectionError, TimeoutError):
                pass  # sent away for somebody newer

    await asyncio.gather(*(one() for _ in range(count)))
    return answered, asked


def run(count):
    """Whether all went well; tells what was measured."""
    serving = start("serve", "--uri", "tcp://127.0.0.1:0", stderr=subprocess.PIPE, text=True)
    address = serving.stderr.readline().split("tcp://")[1].strip()
    host, port = address.rsplit(":", 1)
    drain = subprocess.Popen(["cat"], stdin=serving.stderr, stdout=subprocess.DEVNULL)
    listening = start(
        "listen", "--json", "--file", "-", "--raw", f"rate={RATE},format=s16le,channels=1",
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    before = asyncio.run(word(host, port))
    files, memory, began = descriptors(serving.pid), resident_kib(serving.pid), time.time()
    sound = sample("stop-b.wav") + bytes(4 * RATE)
    listening.stdin.write(sound)
    answered, asked = asyncio.run(all_of_them(host, int(port), count))
    took = time.time() - began
    listening.stdin.write(sound)
    local = [json.loads(line)["keyword"] for line in listening.communicate()[0].splitlines()]
    after = asyncio.run(word(host, port))
    for _ in range(100):
        if descriptors(serving.pid) <= files:
            break
        time.sleep(0.1)
    left, growth = descriptors(serving.pid) - files, resident_kib(serving.pid) - memory
    alive = serving.poll() is None
    serving.kill()
    drain.wait()
    print(f"{count} connections in {took:.0f} s: {answered} of {asked} honest ones answered")
    print(f"a word before and after: {before}, {after}; beside it: {local}")
    print(f"descriptors left: {left}; memory grown by {growth} KiB; still there: {alive}")
    good = alive and before == after == "stop" and local == ["stop", "stop"]
    return good and left <= 0 and growth < MOST_GROWTH_KIB


