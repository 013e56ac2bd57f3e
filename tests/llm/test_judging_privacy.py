"""Records that are judged leave as masked as those that are asked for."""

from __future__ import annotations

import asyncio

import pytest

from remud_gen.config import load_config
from remud_gen.llm.opening import open_gateway
from remud_gen.records import Quadruplet
from remud_gen.runner.folder import RunFolder
from remud_gen.stages.base import Failure, StageContext
from remud_gen.stages.judge import JudgeStage
from scripts.privacy.pictures import make_screen
from tests.filters.quadruplets import english
from tests.judge_server import JudgeServer
from tests.llm.test_privacy import CLINICAL, SECRETS, assert_banner_is_gone, make_watchers, sent_pictures, sent_text


def judge(folder, server, record, *settings):
    """What comes out for one record, through the guard that every command has."""

    async def inner():
        run = RunFolder(folder)
        model = ["judge.probes=[judge]", "judge.model=judge-7b", f"judge.base_url={server.base_url}"]
        config = load_config(None, [*model, f"generate.base_url={server.base_url}", *settings], {})
        stage = JudgeStage(config)
        stage.setup(StageContext(config, run.images, {}))
        hooks = make_watchers(config, run)
        async with open_gateway(stage.model, folder / "replies.sqlite", run.images, hooks) as gateway:
            return [outcome async for outcome in stage.process(record, gateway)]

    return asyncio.run(inner())


@pytest.fixture(scope="module")
def screen():
    return make_screen(1)


def test_words_and_banner_of_a_judged_record_are_masked(tmp_path, screen) -> None:
    image = RunFolder(tmp_path).images.save(screen.image)
    record = english(images=(image,), question=f"姓名:{SECRETS[0]} MRN {SECRETS[1]}: what is seen?")
    with JudgeServer() as server:
        outcomes = judge(tmp_path, server, record)
    assert isinstance(outcomes[0], Quadruplet)
    assert not any(secret in sent_text(server) for secret in SECRETS)
    pictures = list(sent_pictures(server))
    assert pictures
    for picture in pictures:
        assert_banner_is_gone(picture, screen)


def test_clinical_record_that_names_somebody_is_not_sent(tmp_path, screen) -> None:
    image = RunFolder(tmp_path).images.save(screen.image)
    with JudgeServer() as server:
        made, failure = judge(tmp_path, server, english(images=(image,), source=CLINICAL))
        assert server.bodies == []
    assert {verdict.code: verdict.severity for verdict in made.verdicts} == {"PROBE_FAILED": "review"}
    assert isinstance(failure, Failure)
    assert failure.code == "IDENTIFIERS_FOUND"
