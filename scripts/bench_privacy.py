"""Measure what is hidden, and what needlessly: words of invented people, banners of drawn screens, real pictures.

    python -m scripts.bench_privacy [--screens 60] [--shared FOLDER] [--out FOLDER]

The folder may hold corpus/ (papers/*.pdf, dicom/) and bench/images; `--out` keeps the masked pictures, to be looked at.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from PIL import Image

from remud_gen import registry
from remud_gen.records import Language, TextLine
from remud_gen.rules.banners import HiddenLine, find_hidden_lines
from remud_gen.rules.geometry import measure_cover
from remud_gen.rules.masking import is_painted, paint_over
from remud_gen.rules.normalise import unify
from remud_gen.rules.placeholders import mask_identifiers
from remud_gen.rules.words import split_sentences
from scripts.privacy.identities import SENTENCES, make_identities
from scripts.privacy.pictures import make_screen


def measure_words(count: int) -> None:
    """Of every kind, the share of sentences in which nothing of an identity is left."""
    for kind, identities in make_identities(count).items():
        missed = []
        total = 0
        for number, identity in enumerate(identities):
            language: Language = "zh" if number % 2 else "en"
            sentence = SENTENCES[language][number // 2 % len(SENTENCES[language])].format(identity.text)
            masked = mask_identifiers(sentence, language)
            total += 1
            if any(unify(secret) in masked for secret in identity.secrets):
                missed.append(f"{sentence!r} -> {masked!r}")
        print(f"words {kind}: {total - len(missed)}/{total} hidden" + "".join(f"\n    {miss}" for miss in missed[:5]))


def list_sentences(papers: Sequence[Path]) -> Iterator[str]:
    """Sentences of text layers."""
    reader = registry.load("readers", "pdf")()
    for path in papers:
        with reader.open(path) as document:
            for number in range(1, reader.probe(path).page_count + 1):
                text = " ".join(line.text for line in document.page(number).text_lines())
                yield from (part for part in split_sentences(text) if len(part) >= 25)


def measure_false_words(papers: Sequence[Path]) -> None:
    """How many sentences of papers change, and which: authors' addresses are rightly among them."""
    total, changed = 0, []
    for sentence in list_sentences(papers):
        total += 1
        masked = mask_identifiers(sentence, "en")
        if masked != sentence:
            changed.append(masked[:150])
    true = [text for text in changed if "[EMAIL]" in text or "[PHONE]" in text]
    print(f"body text: {len(changed)} of {total} sentences changed, {len(true)} of them addresses of authors")
    print("".join(f"    {text}\n" for text in changed if text not in true), end="")


def measure_screens(count: int, out: Path | None) -> None:
    """Drawn screens read by the OCR engine: banner lines left readable, and lines hidden that should stay."""
    ocr = registry.load("ocr", "rapidocr")()
    for kind in ("clinical", "book"):
        left: list[str] = []
        lost: list[str] = []
        n_hidden = n_kept = n_whole = 0
        for seed in range(count):
            screen = make_screen(seed)
            lines = ocr.read(screen.image)
            hidden = find_hidden_lines(lines, (0, 0, *map(float, screen.image.size)), kind, "en")
            masked = paint_over(screen.image, [line.bbox for line in hidden])
            readable = [line.text for line in screen.hidden if not is_painted(masked, line.bbox)]
            gone = [line.text for line in screen.kept if _is_covered(line, hidden)]
            n_hidden, n_kept = n_hidden + len(screen.hidden), n_kept + len(screen.kept)
            n_whole += not readable
            left += [f"{seed}: {text}" for text in readable]
            lost += [f"{seed}: {text}" for text in gone]
            if out is not None:
                out.mkdir(parents=True, exist_ok=True)
                masked.save(out / f"screen-{kind}-{seed:03}.png")
        print(
            f"screens as {kind}: {n_hidden - len(left)}/{n_hidden} banner lines hidden, {n_whole}/{count} pictures "
            f"whole; {len(lost)}/{n_kept} other lines hidden too"
        )
        print(
            "".join(f"    left {text}\n" for text in left[:8]) + "".join(f"    lost {text}\n" for text in lost[:8]),
            end="",
        )


def _is_covered(line: TextLine, hidden: Sequence[HiddenLine]) -> bool:
    return any(measure_cover(line.bbox, each.bbox) > 0.5 for each in hidden)


def measure_pictures(files: Sequence[Path], out: Path | None) -> None:
    """Real and made pictures: what would be hidden in each."""
    ocr = registry.load("ocr", "rapidocr")()
    kinds: Counter[str] = Counter()
    for file in files:
        with Image.open(file) as opened:
            image = opened.convert("RGB")
        lines = ocr.read(image)
        hidden = find_hidden_lines(lines, (0, 0, *map(float, image.size)), "clinical", "en")
        kinds.update(line.kind for line in hidden)
        if hidden:
            print(f"    {file.name}: " + ", ".join(f"{each.kind} {lines[each.index].text!r}" for each in hidden[:6]))
            if out is not None:
                paint_over(image, [each.bbox for each in hidden]).save(out / f"masked-{file.stem}.png")
    print(f"pictures: {len(files)} read, {sum(kinds.values())} lines hidden {dict(kinds)}")


def main() -> None:
    """Print all figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--strings", type=int, default=520, help="per kind")
    parser.add_argument("--screens", type=int, default=60)
    parser.add_argument("--shared", type=Path)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    started = time.monotonic()
    measure_words(options.strings)
    if options.shared is not None:
        measure_false_words(sorted((options.shared / "corpus" / "papers").glob("*.pdf")))
    measure_screens(options.screens, options.out)
    if options.shared is not None:
        measure_pictures(sorted((options.shared / "bench" / "images").glob("*.png")), options.out)
    print(f"took {time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    main()
