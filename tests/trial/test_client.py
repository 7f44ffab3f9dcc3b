"""The client of a daemon's process: answers find their questions, and an end is told with its reason."""

import asyncio
import sys

import pytest

from ghostcells.trial.client import Client, DaemonEnded, Refused

ECHO = """
import json, sys
def read():
    length = 0
    while (line := sys.stdin.buffer.readline().strip()):
        if line.lower().startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    return json.loads(sys.stdin.buffer.read(length)) if length else None
def write(**message):
    body = json.dumps({"jsonrpc": "2.0", **message}).encode()
    sys.stdout.buffer.write(b"Content-Length: %d\\r\\n\\r\\n" % len(body) + body)
    sys.stdout.buffer.flush()
held = []
while (message := read()):
    method = message["method"]
    if method == "exit":
        sys.exit(0)
    if method == "crash":
        print("it broke", file=sys.stderr)
        sys.exit(3)
    if method == "hold":
        held.append(message["id"])
    elif method == "release":
        write(id=message["id"], result="second")
        write(id=held.pop(), result="first")
    elif method == "fail":
        write(id=message["id"], error={"code": -32803, "message": "no", "data": {"reason": "because"}})
    elif "id" in message:
        write(method="heard", params={"method": method})
        write(id=message["id"], result=message.get("params"))
"""


async def started(heard=None):
    client = await Client.start([sys.executable, "-c", ECHO])
    if heard is not None:
        client.notified = lambda method, params: heard.append((method, params))
    return client


def test_answers_find_their_questions_in_whatever_order_they_come():
    async def talk():
        client = await started()
        first, second = client.send("hold"), client.send("release")
        assert (await first, await second) == ("first", "second")
        assert await client.close() == 0

    asyncio.run(talk())


def test_notifications_are_heard_in_order_before_the_answer():
    async def talk():
        heard = []
        client = await started(heard)
        assert await client.request("echo", {"text": "Grüße"}) == {"text": "Grüße"}
        assert heard == [("heard", {"method": "echo"})]
        await client.close()

    asyncio.run(talk())


def test_an_error_is_raised_with_its_reason():
    async def talk():
        client = await started()
        with pytest.raises(Refused, match="fail: no") as caught:
            await client.request("fail")
        assert (caught.value.code, caught.value.data) == (-32803, {"reason": "because"})
        await client.close()

    asyncio.run(talk())


def test_a_daemon_that_ends_says_why_to_all_who_wait():
    async def talk():
        client = await started()
        waiting = client.send("hold")
        client.notify("crash")
        with pytest.raises(DaemonEnded, match="exit code 3"):
            await waiting
        with pytest.raises(DaemonEnded):
            await client.request("echo")
        assert await client.close() == 3

    asyncio.run(talk())
