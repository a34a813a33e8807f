"""await, cancelled tasks, many at once."""

import asyncio
import concurrent.futures
import threading
from collections.abc import AsyncIterator
from typing import Any

import numpy as np
import pytest

import stylize
from stylize import Stylizer

PICTURE = np.arange(48 * 32 * 3, dtype=np.uint8).reshape(32, 48, 3)


def test_await(stylizer: Stylizer, photo: str) -> None:
    async def main() -> None:
        image = await stylizer.paint(photo, "scream", output_size=64)
        assert image.tobytes() == stylizer(photo, "scream", output_size=64).tobytes()
        images = await asyncio.gather(*(stylizer.paint(PICTURE, "scream") for _ in range(50)))
        assert len({image.tobytes() for image in images}) == 1
        with pytest.raises(stylize.FileError):
            await stylizer.paint("/nowhere.jpg", "scream")
        assert (await asyncio.wrap_future(stylizer.submit(PICTURE, "scream"))).size == (48, 32)

    asyncio.run(main())


def test_cancelled_tasks_cancel_their_requests() -> None:
    async def main() -> None:
        with Stylizer(threads=1) as stylizer:
            entered, gate = threading.Event(), threading.Event()

            def hold(done: float) -> None:
                entered.set()
                gate.wait(600)

            first = asyncio.create_task(stylizer.paint(PICTURE, "scream", progress=hold))
            await asyncio.to_thread(entered.wait)
            others = [asyncio.create_task(stylizer.paint(PICTURE, "scream")) for _ in range(5)]
            while stylizer.stats()["submitted"] < 6:
                await asyncio.sleep(0.001)
            late = asyncio.create_task(stylizer.paint(PICTURE, "scream"))
            for task in (first, *others, late):
                await asyncio.sleep(0)
                task.cancel()
            gate.set()
            for task in (first, *others, late):
                with pytest.raises(asyncio.CancelledError):
                    await task
            while (now := stylizer.stats())["cancelled"] + now["completed"] < now["submitted"]:
                await asyncio.sleep(0.001)
            assert now["cancelled"] >= 6
            assert (await stylizer.paint(PICTURE, "scream")).size == (48, 32)

    asyncio.run(main())


def test_timeout(stylizer: Stylizer) -> None:
    async def main() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0):
                await stylizer.paint(PICTURE, "scream")
        with pytest.raises(stylize.DeadlineError):
            await stylizer.paint(np.zeros((512, 512, 3), np.uint8), "scream", deadline_ms=1)

    asyncio.run(main())


def test_amap(stylizer: Stylizer) -> None:
    async def arriving() -> AsyncIterator[Any]:
        for i in range(20):
            await asyncio.sleep(0)
            yield np.roll(PICTURE, i, 0)

    async def main() -> None:
        sync = [image.tobytes() for image in stylizer.map((np.roll(PICTURE, i, 0) for i in range(20)), "udnie")]
        assert [image.tobytes() async for image in stylizer.amap(arriving(), "udnie", ahead=4)] == sync
        with Stylizer(threads=1, queue_length=1) as tight:
            assert len([image async for image in tight.amap([PICTURE] * 20, "udnie", ahead=20)]) == 20
        many = stylizer.amap([PICTURE] * 50, "udnie", ahead=10)
        async for _ in many:
            break
        await many.aclose()  # type: ignore[attr-defined]

    asyncio.run(main())


def test_in_the_pool_of_an_executor(stylizer: Stylizer) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            images = await asyncio.gather(
                *(loop.run_in_executor(pool, stylizer, PICTURE, "scream") for _ in range(16))
            )
        assert len({image.tobytes() for image in images}) == 1

    asyncio.run(main())
