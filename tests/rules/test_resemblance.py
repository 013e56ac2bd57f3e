"""Which texts resemble each other."""

from __future__ import annotations

import random

from remud_gen.rules.resemblance import TextSketches

LETTERS = random.Random(1)
WORDS = ["".join(LETTERS.choices("abcdefghijklmnopqrstuvwxyz", k=6)) for _ in range(500)]


def find(texts):
    sketches = TextSketches()
    for text in texts:
        sketches.add(text)
    assert len(sketches) == len(texts)
    return set(sketches.list_near())


def test_nothing_resembles_nothing():
    assert find([]) == set()
    assert find(["one"]) == set()


def test_equal_texts_and_texts_that_differ_in_a_word_are_found_among_many():
    draw = random.Random(3)
    texts = [" ".join(draw.choices(WORDS, k=12)) for _ in range(5000)]
    changed = []
    for number in range(100):
        words = texts[number * 7].split()
        words[draw.randrange(12)] = draw.choice(WORDS)
        changed.append(" ".join(words))
    found = find([*texts, *changed])
    assert sum((number * 7, 5000 + number) in found for number in range(100)) >= 95
    assert len(found) < 150


def test_texts_with_other_numbers_say_other_things():
    assert find(["what does chapter 1 say of the kidney", "what does chapter 2 say of the kidney"]) == set()
    assert find(["这是哪个器官的超声图像", "这是哪个器官的超声图像吗"]) == {(0, 1)}
    assert find(["what is the normal length of the kidney", "how thick may the gallbladder wall be"]) == set()


def test_all_of_many_equal_texts_are_tied_together():
    found = find(["the same question"] * 50)
    tied = {0}
    for _ in range(50):
        tied |= {b for a, b in found if a in tied} | {a for a, b in found if b in tied}
    assert tied == set(range(50))


def test_lone_surrogates_and_short_texts_are_texts():
    assert find(["\ud800", "", "a"]) == set()
