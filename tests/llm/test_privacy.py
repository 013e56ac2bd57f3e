"""What a server receives when inputs name somebody: no word and no pixel of it."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import os
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import urlsplit

import pytest
from PIL import Image

from remud_gen.config import Config, load_config
from remud_gen.errors import InputError, ProviderError, RecordError
from remud_gen.llm.guard import PrivacyGuard
from remud_gen.llm.hooks import Hooks
from remud_gen.llm.ledger import LEDGER, Destination, FileLedger, read_ledger, sum_ledger
from remud_gen.llm.openai import check_endpoint
from remud_gen.llm.opening import open_gateway
from remud_gen.llm.screening import PictureReader, make_reader
from remud_gen.protocols import ModelRequest
from remud_gen.records import Evidence, Option, Quadruplet, QuestionItem, Source
from remud_gen.rules.masking import is_painted
from remud_gen.rules.normalise import unify
from remud_gen.runner.folder import RunFolder
from remud_gen.stages.base import Failure, Rejection, StageContext
from remud_gen.stages.filter import FilterStage, judge
from remud_gen.stages.generate import GenerateStage
from scripts.privacy.identities import SENTENCES, make_identities
from scripts.privacy.pictures import make_screen
from tests.llm.samples import make_pair, make_passage, save_picture
from tests.model_server import ModelServer

CLINICAL = Source(document_sha256="c" * 64, file="a.png", page_number=1, page_size=(640, 480), unit="px")
CAPTION = "姓名:张伟芳 A cyst of 3.2 cm in the lower pole of the left kidney, MRN 00482913."
SECRETS = ("张伟芳", "00482913")


@pytest.fixture(autouse=True)
def waits_are_short(monkeypatch):
    monkeypatch.setattr("remud_gen.llm.retry.FIRST_WAIT_S", 0.01)


def configure(server, *assignments):
    settings = ["generate.model=tiny", f"generate.base_url={server.base_url}", *assignments]
    return load_config(None, settings, {})


def make_watchers(config, run):
    guard = PrivacyGuard(config, run.images, make_reader(config, run.images))
    to = Destination(urlsplit(config.generate.base_url).netloc, config.generate.model)
    return Hooks(guards=(guard,), ledger=FileLedger(run.path / LEDGER, to, config.privacy, run.images))


def generate(config, folder, inputs):
    """Outcomes of every input, asked for as a run asks, with its guard and its ledger."""

    async def one(stage, item, gateway):
        try:
            return [outcome async for outcome in stage.process(item, gateway)]
        except RecordError as error:
            return [Failure(error.code, error.message, error.hint)]

    async def inner():
        run = RunFolder(folder)
        stage = GenerateStage(config)
        stage.setup(StageContext(config, run.images, {}))
        hooks = make_watchers(config, run)
        async with open_gateway(stage.model, folder / "replies.sqlite", run.images, hooks) as gateway:
            return await asyncio.gather(*(one(stage, item, gateway) for item in inputs))

    return asyncio.run(inner())


def ask(config, folder, request):
    async def inner():
        run = RunFolder(folder)
        hooks = make_watchers(config, run)
        async with open_gateway(config.generate, folder / "replies.sqlite", run.images, hooks) as gateway:
            return await gateway.ask(request)

    return asyncio.run(inner())


def make_screen_pair(folder, seed=0, number=0, source=CLINICAL, **changes):
    """A pair as extraction makes it of one screen of a machine."""
    screen = make_screen(seed)
    width, height = map(float, screen.image.size)
    image = RunFolder(folder).images.save(screen.image)
    frame = {"page_size": (width, height), "bbox": (0.0, 0.0, width, height)}
    place = source.model_copy(update=frame) if source.unit == "px" else source
    lines = screen.lines
    if source.unit == "pt":
        # The box of a page is another size than the picture cut out of it.
        x0, y0, x1, y1 = source.bbox
        across, down = (x1 - x0) / width, (y1 - y0) / height
        lines = [
            line.model_copy(update={"bbox": tuple(
                o + v * s for v, o, s in zip(line.bbox, (x0, y0, x0, y0), (across, down) * 2, strict=True)
            )})
            for line in lines
        ]  # fmt: skip
    fields = {"image": image, "source": place, "burned_in_text": tuple(lines), "panel_caption": CAPTION, **changes}
    return screen, make_pair(number, **fields)


def sent_text(server):
    return json.dumps(server.bodies, ensure_ascii=False)


def sent_pictures(server):
    for body in server.bodies:
        content = body["messages"][-1]["content"]
        for part in content if isinstance(content, list) else ():
            if part["type"] == "image_url":
                data = part["image_url"]["url"].partition("base64,")[2]
                yield Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB")


def assert_banner_is_gone(picture, screen):
    scale = picture.width / screen.image.width
    for line in screen.hidden:
        box = tuple(v * scale for v in line.bbox)
        inner = (box[0] + 2, box[1] + 2, box[2] - 2, box[3] - 2)
        assert is_painted(picture, inner), line.text
    if scale == 1:
        assert not any(is_painted(picture, line.bbox) for line in screen.kept)


BOOK = Source(
    document_sha256="b" * 64, file="b.pdf", page_number=3, page_size=(600, 800), bbox=(50.0, 100.0, 290.0, 280.0)
)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(
    ("source", "key"), [(CLINICAL, "clinical"), (BOOK, "books")], ids=["clinical picture", "figure of a book"]
)
@pytest.mark.parametrize("side_px", [1536, 400])
def test_masked_input_reaches_the_server_without_words_and_pixels(tmp_path, seed, source, key, side_px):
    screen, pair = make_screen_pair(tmp_path, seed, source=source)
    with ModelServer() as server:
        config = configure(server, f"privacy.{key}=mask", f"generate.max_image_side_px={side_px}")
        (outcomes,) = generate(config, tmp_path, [pair])
        text, pictures = sent_text(server), list(sent_pictures(server))
    assert not [secret for secret in (*SECRETS, *(line.text for line in screen.hidden)) if secret in text]
    assert pictures
    for picture in pictures:
        assert max(picture.size) <= side_px
        assert_banner_is_gone(picture, screen)
    records = [outcome for outcome in outcomes if isinstance(outcome, Quadruplet)]
    assert records
    for record in records:
        (image,) = record.images
        assert image.derived_from == pair.image.sha256 != image.sha256
        assert_banner_is_gone(Image.open(tmp_path / image.path), screen)
        told = record.model_dump_json()
        assert not [secret for secret in (*SECRETS, *(line.text for line in screen.hidden)) if secret in told]
        assert "masked" in record.flags
        codes = {verdict.code for verdict in judge(record, FilterStage(Config()).filters).verdicts}
        assert not {"EVID_QUOTE_NOT_FOUND", *(code for code in codes if code.startswith("PHI_"))} & codes


def test_blocked_input_is_rejected_with_what_to_do_and_nothing_is_sent(tmp_path):
    screen, pair = make_screen_pair(tmp_path)
    with ModelServer() as server:
        ((outcome,),) = generate(configure(server), tmp_path, [pair])
        assert server.bodies == []
    assert isinstance(outcome, Rejection)
    assert outcome.code == "IDENTIFIERS_FOUND"
    assert "privacy.clinical: mask" in outcome.message
    assert not [line.text for line in screen.hidden if line.text in outcome.message]
    assert not (tmp_path / LEDGER).exists()


def test_allowed_input_is_sent_as_it_is_and_the_ledger_says_so(tmp_path):
    screen, pair = make_screen_pair(tmp_path)
    with ModelServer() as server:
        (outcomes,) = generate(configure(server, "privacy.clinical=allow"), tmp_path, [pair])
        picture = next(sent_pictures(server))
        assert "张伟芳" in sent_text(server)
    assert not any(is_painted(picture, line.bbox) for line in screen.hidden)
    assert all(record.images == (pair.image,) for record in outcomes)
    assert all("unmasked" in record.flags for record in outcomes)  # so that the filters keep it from exports
    entry = next(read_ledger(tmp_path))
    assert entry["policy"] == "allow"
    assert entry["source"] == "clinical"
    assert entry["found"]["NAME"] >= 2
    assert entry["found"]["RECORD_NUMBER"] >= 1
    assert entry["masked"] == {}


def make_question(folder, text, image=None):
    return QuestionItem(
        id="q",
        document_id="book",
        source=Source(document_sha256="0", file="b.csv", locator="row 2", unit="px"),
        question=f"What is shown? {text}",
        options=(Option(key="A", text=f"a cyst {text}"), Option(key="B", text="a stone")),
        given_answer="A",
        answer_keys=("A",),
        image=image,
        evidence=(Evidence(id="ans", kind="body", text=f"a cyst {text}"),),
    )


@pytest.mark.parametrize("policy", ["mask", "block"])
def test_no_generated_identity_ever_reaches_the_server(tmp_path, policy):
    """Captions, paragraphs, headings and questions with invented people of every kind and spelling."""
    image = save_picture(RunFolder(tmp_path).images)
    inputs, secrets = [], []
    for kind, identities in make_identities(24, seed=5).items():
        for number, identity in enumerate(identities):
            language = ("zh", "en")[number % 2]
            text = SENTENCES[language][number // 2 % 4].format(identity.text)
            identity_id = {"id": f"{kind}{number}", "language": language}
            secrets += [unify(secret) for secret in identity.secrets if len(secret) > 3 or not secret.isdigit()]
            if number % 4 == 0:
                mention = Evidence(id="ctx", kind="mention", text=text)
                inputs.append(make_pair(number, **identity_id, image=image, title=text, note=text, context=(mention,)))
            elif number % 4 == 1:
                inputs.append(make_pair(number, **identity_id, image=image, panel_caption=text, source=CLINICAL))
            elif number % 4 == 2:
                inputs.append(make_passage(number, **identity_id, text=text, heading_path=(text, "Kidney")))
            else:
                inputs.append(make_question(tmp_path, text))
    with ModelServer() as server:
        settings = (f"privacy.clinical={policy}", f"privacy.books={policy}", "generate.reasoning_share=1")
        outcomes = generate(configure(server, *settings), tmp_path, inputs)
        told = unify(sent_text(server))
        assert (len(server.bodies) > 200) == (policy == "mask")
    assert [secret for secret in secrets if secret in told] == []
    made = unify("\n".join(str(outcome) for each in outcomes for outcome in each))
    assert [secret for secret in secrets if secret in made] == []
    if policy == "block":
        assert {each.code for (each,) in outcomes} == {"IDENTIFIERS_FOUND"}


def make_request(user, **changes):
    return ModelRequest("judge", "judge.en@1", "0" * 64, "Be exact.", user, **changes)


def test_the_guard_masks_words_of_requests_that_nobody_shielded(tmp_path):
    with ModelServer() as server:
        ask(configure(server), tmp_path, make_request("[cap] Mrs. Smithson has a cyst. 1. qtype=finding"))
        assert "Smithson" not in sent_text(server)
        assert "[NAME] has a cyst" in sent_text(server)
    assert next(read_ledger(tmp_path))["masked"] == {"NAME": 1}


def test_the_guard_refuses_an_unmasked_picture_that_a_record_would_hold(tmp_path):
    _, pair = make_screen_pair(tmp_path)
    request = make_request("[cap] a cyst", images=(pair.image,), payload=pair)
    with ModelServer() as server:
        with pytest.raises(RecordError, match="was not masked") as caught:
            ask(configure(server, "privacy.clinical=mask"), tmp_path, request)
        assert caught.value.code == "IDENTIFIERS_FOUND"
        assert server.bodies == []


@pytest.mark.parametrize("is_private", [True, False])
def test_the_guard_reads_pictures_of_pages_and_sends_a_masked_copy(tmp_path, is_private):
    screen = make_screen(3 if is_private else 2)
    image = RunFolder(tmp_path).images.save(screen.image)
    request = make_request("where are the figures?", images=(image,), is_private=is_private)
    with ModelServer() as server:
        ask(configure(server, "privacy.clinical=mask"), tmp_path, request)
        (picture,) = sent_pictures(server)
    entry = next(read_ledger(tmp_path))
    assert entry["images"][0]["masked_from"] == image.sha256
    gone = [line.text for line in screen.hidden if is_painted(picture, line.bbox)]
    named = [line.text for line in screen.hidden]
    assert gone == named if is_private else set(gone) >= {text for text in named if "岁" in text or "ID" in text}
    with ModelServer() as server, pytest.raises(RecordError) as caught:
        ask(configure(server, "privacy.books=block"), tmp_path, request)
    assert caught.value.code == "IDENTIFIERS_FOUND"
    assert server.bodies == []


def test_pictures_of_question_banks_are_read_and_masked(tmp_path):
    screen = make_screen(1)
    image = RunFolder(tmp_path).images.save(screen.image)
    item = make_question(tmp_path, "", image)
    with ModelServer() as server:
        ((outcome,),) = generate(configure(server, "generate.reasoning_share=1"), tmp_path, [item])
        pictures = list(sent_pictures(server))
    assert pictures
    for picture in pictures:
        assert_banner_is_gone(picture, screen)
    assert getattr(outcome, "images", (image,))[0].derived_from == image.sha256 or isinstance(outcome, Failure)


def test_words_of_a_shelf_of_pictures_do_not_stay_in_memory(tmp_path, monkeypatch):
    monkeypatch.setattr("remud_gen.llm.screening.MOST_KNOWN", 3)
    seen = []

    class Engine:
        def read(self, image):
            seen.append(image.size)
            return ()

    images = RunFolder(tmp_path).images
    reader = PictureReader(images, Engine)
    pictures = [save_picture(images, number) for number in range(5)]

    async def read():
        for picture in (*pictures, *pictures[2:], pictures[0]):
            await reader.read(picture)

    asyncio.run(read())
    assert len(seen) == 6  # the latest three are remembered, the first is read again
    assert list(reader._known) == [picture.sha256 for picture in (*pictures[3:], pictures[0])]


# --- the ledger ----------------------------------------------------------------------------------------------------


def test_the_ledger_has_a_line_for_every_send_and_no_word_of_it(tmp_path):
    pairs = [make_pair(n, image=save_picture(RunFolder(tmp_path).images, n)) for n in range(6)]
    with ModelServer(faults={"500": 0.5}, key="sk-secret-123456789") as server:
        config = configure(server)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("REMUD_API_KEY", "sk-secret-123456789")
            generate(config, tmp_path, pairs)
        n_received = len(server.bodies)
    text = (tmp_path / LEDGER).read_text("utf-8")
    entries = list(read_ledger(tmp_path))
    assert len(entries) == n_received > 6
    assert {entry["record"] for entry in entries} == {pair.id for pair in pairs}
    assert {entry["host"] for entry in entries} == {f"127.0.0.1:{server.port}"}
    assert {entry["images"][0]["sha256"] for entry in entries} == {pair.image.sha256 for pair in pairs}
    assert not [word for word in ("sk-secret", "Cyst", "kidney", "base64", str(tmp_path)) if word in text]
    total = sum_ledger(tmp_path)
    assert (total.n_requests, total.n_images, total.n_masked_images) == (n_received, n_received, 0)


@pytest.mark.parametrize("torn", [b'{"time":"20', b'{"time":"2026"}', b"x" * 200_000])
def test_a_torn_last_line_is_cut_off_and_whole_ones_stay(tmp_path, torn):
    path = tmp_path / LEDGER
    ledger = FileLedger(path, Destination("h", "m"), Config().privacy, RunFolder(tmp_path).images)
    ledger.record(make_request("one"), "1")
    ledger.close()
    whole = path.read_bytes()
    path.write_bytes(whole + torn)
    assert [entry["request"] for entry in read_ledger(tmp_path)] == ["1"], "readers leave it out"
    again = FileLedger(path, Destination("h", "m"), Config().privacy, RunFolder(tmp_path).images)
    again.record(make_request("two"), "2")
    assert path.read_bytes().startswith(whole)
    assert [entry["request"] for entry in read_ledger(tmp_path)] == ["1", "2"]


def test_a_line_that_breaks_off_in_the_middle_is_followed_by_whole_ones(tmp_path, monkeypatch):
    ledger = FileLedger(tmp_path / LEDGER, Destination("h", "m"), Config().privacy, RunFolder(tmp_path).images)
    ledger.record(make_request("one"), "1")
    with monkeypatch.context() as full:
        write = os.write
        full.setattr(os, "write", lambda file, line: write(file, line[:20]))
        with pytest.raises(InputError, match="took only a part"):
            ledger.record(make_request("two"), "2")
    ledger.record(make_request("three"), "3")
    ledger.close()
    ledger.close()
    assert [entry["request"] for entry in read_ledger(tmp_path)] == ["1", "3"]


# --- hosts ---------------------------------------------------------------------------------------------------------


class Redirecting(BaseHTTPRequestHandler):
    """Sends every request on to another host."""

    to = ""

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(307)
        self.send_header("location", self.to + self.path)
        self.send_header("content-length", "0")
        self.end_headers()

    def do_GET(self):
        self.send_response(302)
        self.send_header("location", self.to + self.path)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def test_a_redirect_to_another_host_is_not_followed(tmp_path):
    with ModelServer() as target:
        handler = type("Handler", (Redirecting,), {"to": f"http://127.0.0.1:{target.port}"})
        server = HTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/v1"
        config = load_config(None, ["generate.model=tiny", f"generate.base_url={url}"], {})
        with pytest.raises((RecordError, ProviderError)):
            ask(config.model_copy(update={"generate": replace_attempts(config.generate)}), tmp_path, make_request("hi"))
        with pytest.raises(ProviderError):
            check_endpoint(config.generate)
        server.shutdown()
        server.server_close()
        assert target.bodies == []
        assert target.headers == []


def replace_attempts(section):
    return section.model_copy(update={"max_attempts": 1})


def test_a_shielded_request_is_the_same_request_in_every_run(tmp_path):
    _, pair = make_screen_pair(tmp_path)
    with ModelServer() as server:
        config = configure(server, "privacy.clinical=mask")
        first = generate(config, tmp_path, [pair])
        n_sent = len(server.bodies)
        assert generate(config, tmp_path, [pair]) == first
        assert len(server.bodies) == n_sent, "answered from the store"
        assert replace(make_request("x"), user="y").user == "y"
