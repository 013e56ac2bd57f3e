import asyncio
import time

import pytest

from remud_gen.llm.limits import FIRST_ALLOWED, Limiter, Pace, read_duration_s, read_wait_s


async def go_through(limiter, n_requests, serve):
    """Send `n_requests`, each answered by `serve(n in flight)`: "well", "busy" or "bad". Busy ones are sent again."""
    flying = 0

    async def send():
        nonlocal flying
        while True:
            slot = await limiter.enter(10)
            flying += 1
            outcome = serve(flying)
            await asyncio.sleep(0.002)
            flying -= 1
            limiter.leave(slot, is_well=outcome == "well", is_busy=outcome == "busy", n_tokens=10)
            if outcome != "busy":
                return
            await asyncio.sleep(0.002)

    await asyncio.gather(*(send() for _ in range(n_requests)))


def test_number_in_flight_rises_while_all_is_well():
    limiter = Limiter(Pace(200))
    seen = []
    asyncio.run(go_through(limiter, 1500, lambda flying: seen.append(flying) or "well"))
    assert limiter.allowed == 200
    assert seen[0] == 1
    assert max(seen[:FIRST_ALLOWED]) <= FIRST_ALLOWED
    assert max(seen) == 200


def test_number_in_flight_settles_near_what_the_endpoint_takes():
    limiter = Limiter(Pace(256))
    flights, refused = [], 0

    def serve(flying):
        nonlocal refused
        flights.append(flying)
        refused += flying > 40
        return "busy" if flying > 40 else "well"

    asyncio.run(go_through(limiter, 6000, serve))
    late = flights[len(flights) // 2 :]
    assert 30 <= limiter.allowed <= 60
    assert max(late) <= 60
    assert refused < 0.15 * len(flights)


def test_a_tenth_of_refusals_that_mean_nothing_do_not_choke_it():
    limiter = Limiter(Pace(64))
    count = 0

    def serve(flying):
        nonlocal count
        count += 1
        return "busy" if count % 10 == 0 else "well"

    asyncio.run(go_through(limiter, 4000, serve))
    assert limiter.allowed > 10


def test_never_below_one_and_never_stuck():
    limiter = Limiter(Pace(8))
    count = 0

    def serve(flying):
        nonlocal count
        count += 1
        return "busy" if count < 200 else "well"

    asyncio.run(go_through(limiter, 40, serve))
    assert limiter.allowed >= 1


@pytest.mark.parametrize("pace", [Pace(50, requests_per_minute=3000), Pace(50, tokens_per_minute=30_000)])
def test_quota_per_minute_is_kept_to(pace):
    """50 a second, by requests or by tokens of ten each: after the first second's worth the rest take their time."""
    started = time.monotonic()
    asyncio.run(go_through(Limiter(pace), 100, lambda flying: "well"))
    assert 0.8 < time.monotonic() - started < 5


def test_tokens_that_were_not_used_are_given_back():
    async def use(limiter):
        for _ in range(20):
            slot = await limiter.enter(1000)
            limiter.leave(slot, is_well=True, is_busy=False, n_tokens=1)

    started = time.monotonic()
    asyncio.run(use(Limiter(Pace(1, tokens_per_minute=60_000))))
    assert time.monotonic() - started < 2


def test_cancelled_while_waiting_leaves_no_place_behind():
    async def use():
        limiter = Limiter(Pace(1))
        slot = await limiter.enter()
        waiting = [asyncio.create_task(limiter.enter()) for _ in range(3)]
        await asyncio.sleep(0)
        waiting[0].cancel()
        limiter.leave(slot, is_well=True, is_busy=False)
        slot = await waiting[1]
        waiting[2].cancel()
        await asyncio.sleep(0)
        limiter.leave(slot, is_well=True, is_busy=False)
        return await asyncio.wait_for(limiter.enter(), 1)

    assert asyncio.run(use()) is not None


def test_stop_wakes_all_that_wait():
    async def use():
        limiter = Limiter(Pace(1))
        await limiter.enter()
        waiting = [asyncio.create_task(limiter.enter()) for _ in range(3)]
        limiter.pause(60)
        await asyncio.sleep(0)
        limiter.stop()
        await asyncio.wait_for(asyncio.gather(*waiting), 1)

    asyncio.run(use())


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("1s", 1), ("6m0s", 360), ("20ms", 0.02), ("1h1m1.5s", 3661.5), ("8.64", 8.64), ("soon", None)],
)
def test_durations(text, seconds):
    assert read_duration_s(text) == (None if seconds is None else pytest.approx(seconds))


def test_headers_tell_when_enough_will_be_there_again():
    headers = {
        "x-ratelimit-limit-requests": "60",
        "x-ratelimit-remaining-requests": "0",
        "x-ratelimit-reset-requests": "60s",
        "x-ratelimit-limit-tokens": "1000",
        "x-ratelimit-remaining-tokens": "500",
        "x-ratelimit-reset-tokens": "30s",
    }
    assert read_wait_s(headers, "requests", 1) == pytest.approx(1)
    assert read_wait_s(headers, "tokens", 400) == 0
    assert read_wait_s(headers, "tokens", 600) == pytest.approx(6)
    assert read_wait_s({}, "requests", 1) == 0
    assert read_wait_s({"x-ratelimit-remaining-requests": "none"}, "requests", 1) == 0


def test_pauses_before_the_quota_is_used_up():
    async def use():
        limiter = Limiter(Pace(4))
        limiter.observe({"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "300ms"})
        started = time.monotonic()
        await limiter.enter()
        return time.monotonic() - started

    assert 0.25 < asyncio.run(use()) < 2


@pytest.mark.parametrize("first", [{"is_well": True}, {"is_well": False, "is_refused": True}])
def test_one_request_alone_finds_out_whether_anybody_answers(first):
    async def use():
        limiter = Limiter(Pace(100))
        seen = [asyncio.create_task(limiter.enter()) for _ in range(50)]
        slot = await seen[0]
        await asyncio.sleep(0)
        assert sum(task.done() for task in seen) == 1
        limiter.leave(slot, is_well=False, is_busy=False)  # the connection broke: nothing is known
        await asyncio.sleep(0.01)
        assert sum(task.done() for task in seen) == 2
        limiter.leave(await seen[1], is_busy=False, **first)
        await asyncio.sleep(0.01)
        assert sum(task.done() for task in seen) == 2 + FIRST_ALLOWED
        limiter.stop()
        await asyncio.gather(*seen)

    asyncio.run(use())
