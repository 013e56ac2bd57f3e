"""A clinic's pictures and a book that names a patient, through the command line: what is sent, and what is exported."""

import io
import json
from pathlib import Path

import pymupdf
import pytest
from PIL import Image

from remud_gen.rules.masking import is_painted
from scripts.privacy.pictures import make_screen
from tests.e2e.command import remud
from tests.llm.test_privacy import assert_banner_is_gone, sent_pictures, sent_text
from tests.model_server import ModelServer

N_SCREENS = 3


@pytest.fixture(scope="module")
def clinic(tmp_path_factory):
    """Screens of a machine with a label file each."""
    folder = tmp_path_factory.mktemp("clinic") / "clinic"
    folder.mkdir()
    screens = [make_screen(seed) for seed in range(N_SCREENS)]
    for number, screen in enumerate(screens):
        screen.image.save(folder / f"scan{number}.png")
        caption = f"Cyst {number} of 3.2 cm in the lower pole of the left kidney, without septa."
        (folder / f"scan{number}.json").write_text(json.dumps({"caption": caption}), "utf-8")
    return folder, screens


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """One page: a screen with its banner, and words that name a patient."""
    folder = tmp_path_factory.mktemp("book") / "books"
    folder.mkdir()
    screen, document = make_screen(2), pymupdf.open()
    page = document.new_page(width=500, height=700)
    data = io.BytesIO()
    screen.image.save(data, "PNG")
    page.insert_image((90, 80, 410, 320), stream=data.getvalue())
    page.insert_text((90, 340), "Figure 1. Cyst of the left kidney in Mrs. Smithson, MRN 00482913, seen from behind.")
    words = (
        "Simple cysts are round and thin-walled. The cyst of Mrs. Smithson measured 3.2 cm and had no septa. Behind a "
        "cyst the echoes are brighter, since its fluid attenuates little. No flow was seen in its wall at any setting."
    )
    page.insert_textbox((60, 380, 440, 560), words, fontsize=11)
    document.save(folder / "kidney.pdf")
    return folder, screen


def flags(server, *more):
    return ("--model", "tiny", "--base-url", server.base_url, "--quiet", *more)


def test_a_clinical_folder_is_blocked_until_the_user_says_how(clinic, tmp_path):
    folder, screens = clinic
    run = tmp_path / "run"
    with ModelServer() as server:
        blocked = remud("generate", folder, "--run", run, *flags(server, "--json"))
        assert server.bodies == []
        stage = json.loads(blocked.stdout)["stages"]["generate"]
        assert (stage["rejected"], stage["failed"], stage["produced"]) == (N_SCREENS, 0, 0), blocked.stderr
        errors = "".join(path.read_text("utf-8") for path in (run / "generate").glob("*.errors.jsonl"))
        assert errors.count("IDENTIFIERS_FOUND") == N_SCREENS
        assert "privacy.clinical: mask" in errors
        assert "nothing was sent" in remud("outbound", "--run", run).stdout
        masked = remud("run", folder, "--run", run, *flags(server, "--set", "privacy.clinical=mask"))
        assert masked.returncode == 0, masked.stderr
        text, pictures = sent_text(server), list(sent_pictures(server))
    assert len(pictures) >= N_SCREENS
    for screen in screens:
        assert not [line.text for line in screen.hidden if line.text in text]
    exported = sorted((run / "export").rglob("*.jpg")) + sorted((run / "export").rglob("*.png"))
    assert len(exported) == N_SCREENS
    for picture in [*pictures, *(Image.open(path).convert("RGB") for path in exported)]:
        fit = [screen for screen in screens if screen.image.size == picture.size]
        boxes = [[is_painted(picture, line.bbox) for line in screen.hidden] for screen in fit]
        assert any(all(flat) for flat in boxes)
    assert_export_is_clean(run, [line.text for screen in screens for line in screen.hidden])
    told = remud("outbound", "--run", run, "--lines", "2")
    assert f"127.0.0.1:{server.port} {len(pictures)}" in told.stdout
    assert f"{len(pictures)} of them masked" in told.stdout
    assert str(tmp_path) not in told.stdout


def assert_export_is_clean(run: Path, secrets):
    for path in (run / "export").rglob("*.json*"):
        text = path.read_text("utf-8")
        assert not [secret for secret in secrets if secret in text], path


def test_a_book_is_masked_by_itself_in_what_is_sent_and_exported(book, tmp_path):
    folder, screen = book
    run = tmp_path / "run"
    with ModelServer() as server:
        done = remud("run", folder, "--run", run, *flags(server))
        assert done.returncode == 0, done.stderr
        text, pictures = sent_text(server), list(sent_pictures(server))
    assert pictures
    assert "[NAME]" in text
    secrets = ["Smithson", "00482913", *(line.text for line in screen.hidden)]
    assert not [secret for secret in secrets if secret in text]
    exported = [path for path in (run / "export").rglob("*") if path.suffix in (".jpg", ".png")]
    assert exported
    for picture in [*pictures, *(Image.open(path).convert("RGB") for path in exported)]:
        assert_banner_is_gone(picture, screen)
    assert_export_is_clean(run, secrets)
    total = json.loads(remud("outbound", "--run", run, "--json").stdout)
    assert total["n_requests"] == len(server.bodies)
    assert total["masked"]["NAME"] >= 1
    assert total["found"] == {}


def test_offline_and_the_list_of_hosts_refuse_before_any_work(book, tmp_path):
    folder, _ = book
    run = tmp_path / "run"
    with ModelServer() as server:
        offline = remud("run", folder, "--run", run, *flags(server, "--offline"))
        listed = remud("run", folder, "--run", run, *flags(server, "--set", "privacy.allow_hosts=[api.openai.com]"))
        assert server.headers == []
    assert (offline.returncode, listed.returncode) == (2, 2)
    assert "--offline (privacy.offline) refuses the client `openai`" in offline.stderr
    assert "127.0.0.1 is not among the hosts that may be sent to (api.openai.com)" in listed.stderr
    assert not (run / "extract").exists()


def test_offline_runs_without_a_model_and_from_stored_replies(book, tmp_path):
    folder, _ = book
    done = remud("run", folder, "--run", tmp_path / "a", "--quiet", "--offline", "--set", "generate.client=extractive")
    assert done.returncode == 0, done.stderr
    with ModelServer() as server:
        paid = remud("generate", folder, "--run", tmp_path / "b", *flags(server))
        assert paid.returncode == 0, paid.stderr
    settings = ("generate.client=replay", "generate.model=tiny", f"generate.replay={tmp_path / 'b' / 'replies.sqlite'}")
    sets = [part for setting in settings for part in ("--set", setting)]
    again = remud("generate", folder, "--run", tmp_path / "c", "--quiet", "--offline", *sets)
    assert again.returncode == 0, again.stderr
    told = [
        "".join(sorted(path.read_text("utf-8") for path in (tmp_path / name / "generate").glob("*[0-9a-f].jsonl")))
        for name in "bc"
    ]
    assert told[0] == told[1] != ""
