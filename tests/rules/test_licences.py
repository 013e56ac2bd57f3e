import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remud_gen.rules.licences import find_licence


@pytest.mark.parametrize(
    ("text", "licence"),
    [
        ("This is an open access article distributed under the Creative Commons Attribution License, which", "CC-BY"),
        (
            "open access article under the terms and conditions of the Creative Commons Attribution (CC BY) license "
            "(https://creativecommons.org/licenses/by/4.0/).",
            "CC-BY-4.0",
        ),
        ("licensed under a Creative Commons Attribution-NonCommercial-NoDerivatives 4.0 licence", "CC-BY-NC-ND-4.0"),
        ("It is distributed under CC BY-NC-SA 3.0.", "CC-BY-NC-SA-3.0"),
        ("This work is licensed under CC0 1.0.", "CC0-1.0"),
        ("本书采用知识共享署名-非商业性使用 4.0 国际许可协议", "CC-BY-NC-4.0"),
        ("© 2020 The Authors. All rights reserved.", None),
        ("Creative Commons was founded in 2001.", None),
        ("This book is not distributed under the Creative Commons Attribution License.", None),
        ("Figure 1.2 from Wikimedia, licensed under a Creative Commons Attribution 4.0 licence.", None),
        ("Cover image: J. Doe, distributed under CC BY 4.0. All rights reserved.", None),
        ("封面图片采用知识共享署名 4.0 国际许可协议", None),
        ("Fig. 3 is reproduced under CC BY 3.0. This book is distributed under CC BY-NC 4.0.", "CC-BY-NC-4.0"),
        ("A probe of 4.0 MHz was used under the costal arch.", None),
    ],
)
def test_stated_licences(text, licence):
    assert find_licence(text) == licence


@given(st.text(max_size=200))
def test_any_text_is_read(text):
    assert find_licence(text) is None or find_licence(text).startswith("CC")


def test_long_texts_take_no_more_than_a_moment():
    started = time.process_time()
    find_licence("open access distributed under " * 20_000)
    assert time.process_time() - started < 2
