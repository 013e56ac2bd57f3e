"""How fast questions go through the real gateway, store and client to a server without latency, in its own process.

Per concurrency: requests per second, processor time per request (in all, and in commits to the store), and the memory
after a tenth and at the end. `--image` sends a picture of about 10 KB with every request.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections import deque
from pathlib import Path

import psutil
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from remud_gen.config import Config, load_config  # noqa: E402
from remud_gen.llm.asked import Asked  # noqa: E402
from remud_gen.llm.gateway import Gateway  # noqa: E402
from remud_gen.llm.limits import Pace  # noqa: E402
from remud_gen.llm.openai import OpenAIClient  # noqa: E402
from remud_gen.llm.reply import strict_schema  # noqa: E402
from remud_gen.llm.store import ReplyStore  # noqa: E402
from remud_gen.protocols import ModelReply, ModelRequest  # noqa: E402
from remud_gen.records import ImageRef  # noqa: E402
from remud_gen.runner.collecting import collecting_seldom  # noqa: E402
from remud_gen.runner.images import ContentImageStore  # noqa: E402
from tests.model_server import ModelServer  # noqa: E402

SYSTEM = "You are an ultrasound teacher. Ask about what the image shows, and quote the words each fact rests on. " * 20
WORDS = "A thin-walled anechoic cyst with posterior enhancement lies in the lower pole of the left kidney. " * 8
N_PICTURES = 50


class ForgetfulServer(ModelServer):
    """The tests' server without a memory of what it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.log = self.bodies = self.headers = deque(maxlen=1)


class TimedStore(ReplyStore):
    """The store, which says what its commits took."""

    put_s = 0.0

    def put(self, reply: ModelReply, asked: Asked | None = None, *, replaces: bool = False) -> bool:
        started = time.process_time()
        is_stored = super().put(reply, asked, replaces=replaces)
        self.put_s += time.process_time() - started
        return is_stored


def make_pictures(images: ContentImageStore) -> list[ImageRef]:
    """Speckle, as PNG of about 10 KB."""
    return [
        images.save(Image.effect_noise((128, 96), 20 + number), is_photographic=False) for number in range(N_PICTURES)
    ]


def build_request(number: int, pictures: list[ImageRef], schema: dict[str, object]) -> ModelRequest:
    user = f"[cap] Case {number}. {WORDS}\n\n1. qtype=finding, form=open, style=reasoning"
    return ModelRequest(
        purpose="vqa" if pictures else "qa",
        prompt="bench@1",
        prompt_sha256="0" * 64,
        system=SYSTEM,
        user=user,
        images=(pictures[number % len(pictures)],) if pictures else (),
        schema=schema,
        params={"temperature": 0.7, "max_output_tokens": 4000, "seed": 0},
    )


async def ask_all(config: Config, folder: Path, n_requests: int, *, has_images: bool) -> dict[str, float]:
    images = ContentImageStore(folder)
    pictures = make_pictures(images) if has_images else []
    schema = strict_schema()
    size = config.generate.concurrency
    store = TimedStore(folder / "replies.sqlite")
    rss: list[float] = []
    async with Gateway(OpenAIClient(config.generate, images), store, pace=Pace(size)) as gateway:
        requests = (build_request(number, pictures, schema) for number in range(n_requests))
        n_done, process = 0, psutil.Process()

        async def work() -> None:
            # Not asyncio.wait: that looks at every task whenever one has ended.
            nonlocal n_done
            for request in requests:
                await gateway.ask(request)
                n_done += 1
                if n_done == n_requests // 10:
                    rss.append(process.memory_info().rss / 2**20)

        started, cpu_started = time.perf_counter(), time.process_time()
        with collecting_seldom():  # as `remud generate` has it
            await asyncio.gather(*(work() for _ in range(size)))
        seconds, cpu_s = time.perf_counter() - started, time.process_time() - cpu_started
        rss.append(process.memory_info().rss / 2**20)
        assert store.count() == gateway.counts["received"] == n_requests
    return {
        "per_s": n_requests / seconds,
        "cpu_ms": cpu_s / n_requests * 1000,
        "commit_ms": store.put_s / n_requests * 1000,
        "rss_early": rss[0],
        "rss_end": rss[-1],
    }


def measure(n_requests: int, concurrency: int, *, has_images: bool) -> str:
    """One line of figures."""
    server = subprocess.Popen([sys.executable, __file__, "--serve"], stdout=subprocess.PIPE, text=True)
    try:
        url = server.stdout.readline().strip() if server.stdout else ""
        settings = ["generate.model=tiny", f"generate.base_url={url}", f"generate.concurrency={concurrency}"]
        with tempfile.TemporaryDirectory() as folder:
            config = load_config(None, settings, {})
            found = asyncio.run(ask_all(config, Path(folder), n_requests, has_images=has_images))
        times = psutil.Process(server.pid).cpu_times()
        server_ms = (times.user + times.system) / n_requests * 1000
    finally:
        server.terminate()
        server.wait()
    return (
        f"{'image' if has_images else 'text':5} {concurrency:5} in flight, {n_requests:6} requests: "
        f"{found['per_s']:6.0f} /s, {found['cpu_ms']:5.2f} ms each ({found['commit_ms']:.3f} in commits; "
        f"server {server_ms:.2f}), {found['rss_early']:.0f} MiB at 10 %, {found['rss_end']:.0f} at the end"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=5_000)
    parser.add_argument("--concurrency", type=int, nargs="+", default=[64, 256, 1_000])
    parser.add_argument("--image", action="store_true", help="send a picture with each")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        asyncio.run(ForgetfulServer().run())
        return
    print(f"{os.cpu_count()} cores shared by both processes")
    for concurrency in options.concurrency:
        print(measure(options.requests, concurrency, has_images=options.image), flush=True)


if __name__ == "__main__":
    main()
