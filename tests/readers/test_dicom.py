from __future__ import annotations

import io
import sys

import numpy as np
import pytest
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.uid import JPEG2000, JPEGBaseline8Bit, RLELossless

from remud_gen.errors import RecordError
from remud_gen.readers.dicom import DicomReader
from remud_gen.rules.images import hash_perceptually, measure_distance
from tests.readers.scans_of_devices import BANNER, make_region, make_screen, write_dicom


def read(path, number=1):
    with DicomReader().open(path) as document:
        page = document.page(number)
        return page, np.asarray(page.render(72))


def encode(pixels, kind):
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, kind, **({"quality": 95} if kind == "JPEG" else {}))
    return stream.getvalue() + b"\0" * (stream.tell() % 2)


def fail(path, call=None):
    with pytest.raises(RecordError) as caught:
        (call or DicomReader().probe)(path)
    assert caught.value.hint
    return caught.value.code


def test_told_by_content_with_and_without_preamble(tmp_path):
    marked = write_dicom(tmp_path / "scan.png", make_screen())
    bare = write_dicom(tmp_path / "bare.dcm", make_screen(), has_meta=False)
    for path in (marked, bare):
        assert DicomReader.sniff(path.read_bytes()[:4096], path) == "application/dicom"
        assert DicomReader().probe(path).page_count == 1
        assert np.array_equal(read(path)[1][..., 0], make_screen())
    for head in (b"", b"%PDF-1.7", b"\x08\x00\x01\x00abcd", b"\0" * 200):
        assert DicomReader.sniff(head, tmp_path / "book.pdf") is None


def test_colour_spaces_become_rgb(tmp_path):
    rgb = np.asarray(Image.effect_mandelbrot((64, 48), (-2, -1, 1, 1), 30).convert("RGB")).copy()
    rgb[:, 32:, 0] //= 3
    ybr = np.asarray(Image.fromarray(rgb).convert("YCbCr"))
    planes = np.ascontiguousarray(rgb.transpose(2, 0, 1)).reshape(48, 64, 3)
    cases = {
        "plain": (rgb, {}),
        "planar": (planes, {"PlanarConfiguration": 1}),
        "ybr": (ybr, {"PhotometricInterpretation": "YBR_FULL"}),
    }
    for name, (pixels, elements) in cases.items():
        shown = read(write_dicom(tmp_path / f"{name}.dcm", pixels, **elements))[1]
        assert np.abs(shown.astype(int) - rgb).max() <= 2, name
    luma, blue, red = (ybr[..., i].astype(float) for i in range(3))
    partial = np.stack([16 + luma * 219 / 255, 128 + (blue - 128) * 224 / 255, 128 + (red - 128) * 224 / 255], -1)
    packed = np.empty((48, 32, 4), np.uint8)  # Y Y Cb Cr of two neighbours
    packed[..., 0], packed[..., 1] = partial[:, ::2, 0].round(), partial[:, 1::2, 0].round()
    packed[..., 2], packed[..., 3] = partial[:, ::2, 1].round(), partial[:, ::2, 2].round()
    path = write_dicom(tmp_path / "partial.dcm", rgb, PhotometricInterpretation="YBR_PARTIAL_422",
                       PixelData=packed.tobytes())  # fmt: skip
    # write_dicom puts the pixels last: overwrite with the packed ones.
    from pydicom import dcmread

    header = dcmread(path)
    header.PixelData = packed.tobytes()
    header.save_as(path)
    shown = read(path)[1].astype(int)
    assert np.abs(shown[:, ::2] - rgb[:, ::2]).max() <= 4


def test_palette_and_polarity_and_window(tmp_path):
    grey = make_screen()
    table = (np.arange(256, dtype=np.uint16) * 257).tobytes()
    inverse = (np.arange(255, -1, -1, dtype=np.uint16) * 257).tobytes()
    palette = {"PhotometricInterpretation": "PALETTE COLOR"}
    for colour, data in (("Red", table), ("Green", inverse), ("Blue", table)):
        palette[f"{colour}PaletteColorLookupTableDescriptor"] = [256, 0, 16]
        palette[f"{colour}PaletteColorLookupTableData"] = data
    shown = read(write_dicom(tmp_path / "palette.dcm", grey, **palette))[1]
    assert np.array_equal(shown[..., 0], grey)
    assert np.array_equal(shown[..., 1], 255 - grey)
    dark = read(write_dicom(tmp_path / "m1.dcm", grey, PhotometricInterpretation="MONOCHROME1"))[1]
    assert np.array_equal(dark[..., 0], 255 - grey)
    deep = grey.astype(np.uint16) * 16 + 100
    full = read(write_dicom(tmp_path / "deep.dcm", deep, BitsStored=12, HighBit=11))[1]
    assert (full.min(), full.max()) == (0, 255)
    window = read(write_dicom(tmp_path / "window.dcm", deep, WindowCenter=1000, WindowWidth=200))[1]
    assert (window[deep < 899] == 0).all()
    assert (window[deep > 1101] == 255).all()
    signed = read(write_dicom(tmp_path / "signed.dcm", deep.astype(np.int16) - 2000, RescaleSlope=2))[1]
    assert (signed.min(), signed.max()) == (0, 255)


def test_codecs_decode_frame_by_frame(tmp_path):
    frames = [np.repeat(make_screen(seed)[..., None], 3, axis=2) for seed in range(3)]
    stack = np.stack(frames)
    jpeg = write_dicom(tmp_path / "j.dcm", stack, syntax=JPEGBaseline8Bit, frames=[encode(f, "JPEG") for f in frames],
                       PhotometricInterpretation="YBR_FULL_422")  # fmt: skip
    j2k = write_dicom(tmp_path / "j2k.dcm", stack, syntax=JPEG2000, frames=[encode(f, "JPEG2000") for f in frames],
                      PhotometricInterpretation="YBR_RCT")  # fmt: skip
    rle = tmp_path / "rle.dcm"
    from pydicom import dcmread

    raw = dcmread(write_dicom(tmp_path / "raw.dcm", stack))
    raw.compress(RLELossless)
    raw.save_as(rle)
    for path, tolerance in ((jpeg, 12), (j2k, 0), (rle, 0)):
        assert DicomReader().probe(path).page_count == 3
        for number, frame in enumerate(frames, start=1):
            page, shown = read(path, number)
            assert np.abs(shown.astype(int) - frame).max() <= tolerance, path.name
            assert page.locator == f"frame {number} of 3"


@pytest.mark.shared
def test_every_file_of_the_corpus_gives_frames(shared):
    files = sorted((shared / "corpus/dicom").iterdir())
    assert len(files) == 12
    for path in files:
        numbers = DicomReader().choose_pages(path, 4)
        assert 1 <= len(numbers) <= 4
        for number in numbers:
            page, shown = read(path, number)
            assert shown.shape == (page.height, page.width, 3)
            assert shown.max() - int(shown.min()) > 100


def test_distinct_frames_of_a_loop(tmp_path):
    stack = np.stack([make_screen(i // 10, 200, 160) for i in range(40)] + [np.zeros((160, 200), np.uint8)] * 8)
    path = write_dicom(tmp_path / "loop.dcm", stack)
    reader = DicomReader()
    assert reader.probe(path).page_count == 48
    chosen = reader.choose_pages(path, 4)
    assert sorted((number - 1) // 10 for number in chosen) == [0, 1, 2, 3]
    assert reader.choose_pages(path, 4) == chosen
    assert len(reader.choose_pages(path, 2)) == 2
    hashes = [hash_perceptually(Image.fromarray(read(path, number)[1])) for number in reader.choose_pages(path, 64)]
    assert min(measure_distance(a, b) for a in hashes for b in hashes if a is not b) >= 8
    still = write_dicom(tmp_path / "still.dcm", np.stack([make_screen(1)] * 20))
    assert len(reader.choose_pages(still, 4)) == 1


def test_the_regions_of_the_screen_are_the_picture(tmp_path):
    regions = [
        make_region(10, BANNER, 159, 199),
        make_region(160, BANNER, 299, 199, data=2),
        make_region(10, 200, 299, 230, kind=3, data=3, delta=0.5),
        make_region(0, 0, 9, 30, kind=0, data=13),
    ]
    page, _ = read(write_dicom(tmp_path / "a.dcm", make_screen(), regions=regions))
    (box,) = page.picture_boxes()
    assert box.bbox == (10, BANNER, 300, 231)
    assert {"region_2d", "region_colour_flow", "region_spectral"} <= set(box.flags)
    assert [(r.format, r.data) for r in page.regions] == [
        ("2d", "tissue"), ("2d", "colour_flow"), ("spectral", "pw_doppler"), ("none", "grey_bar"),
    ]  # fmt: skip
    assert page.regions[0].delta == (0.02, 0.02)
    assert page.regions[0].units == ("cm", "cm")
    assert page.render(72, box.bbox).size == (290, 191)


@pytest.mark.parametrize("corners", [(10, 40, 700, 500), (50, 50, 40, 90), (0, 0, 5, 5)])
def test_regions_that_cannot_be_true_leave_the_whole_screen(tmp_path, corners):
    page, _ = read(write_dicom(tmp_path / "a.dcm", make_screen(), regions=[make_region(*corners)]))
    (box,) = page.picture_boxes()
    assert box.bbox == (0, 0, 320, 240)
    assert "whole_screen" in box.flags


def test_only_whitelisted_words_leave_the_header(tmp_path):
    anatomy = Dataset()
    anatomy.CodeValue, anatomy.CodingSchemeDesignator, anatomy.CodeMeaning = "T-71000", "SRT", "Kidney"
    secrets = {
        "InstitutionName": "St. Elsewhere Hospital", "OperatorsName": "Holm^Ida", "PatientBirthDate": "19300102",
        "AccessionNumber": "ACC778899", "ReferringPhysicianName": "Quincy^Jack", "StationName": "ROOM7",
        "PatientAddress": "1 Main Street", "StudyID": "99123",
    }  # fmt: skip
    path = write_dicom(
        tmp_path / "a.dcm", make_screen(), regions=[make_region(0, BANNER, 319, 239)], PatientAge="093Y",
        StudyDescription="Kidney ultrasound", SeriesDescription="for Dr. Holm", ProtocolName="Renal 2011-05-25",
        ImageType=["ORIGINAL", "PRIMARY", "ABDOMINAL", "0011"], TransducerType="CURVED LINEAR",
        ManufacturerModelName="SSD-4000", AnatomicRegionSequence=[anatomy], ImageLaterality="R", **secrets,
    )  # fmt: skip
    page, _ = read(path)
    words = {given.role: given.text for given in page.given_texts()}
    assert words["title"] == "Kidney ultrasound"
    assert words["caption"] == (
        "Modality: ultrasound. Examination: abdominal. Body part: kidney. Side: right. Technique: 2D, colour Doppler."
    )
    assert words["note"] == "Device: SSD-4000. Transducer: CURVED LINEAR. Age: over 89 years."
    assert {given.locator for given in page.given_texts()} == {"dicom header"}
    assert "words_from_header" in page.flags
    told = repr([*page.given_texts(), *page.flags, *page.regions]).casefold()
    for secret in ("muster", "erika", "4711", "elsewhere", "holm", "1930", "778899", "quincy", "room7", "main", "093y"):
        assert secret not in told
    assert page.is_private("ERIKA M.")
    assert page.is_private("ID 4711-0815")
    assert page.is_private("St. Elsewhere")
    assert not page.is_private("LK 10.2 cm")
    assert DicomReader().probe(path).title is None


def test_a_header_that_names_no_more_than_a_device_gives_no_words(tmp_path):
    page, _ = read(write_dicom(tmp_path / "a.dcm", make_screen(), ManufacturerModelName="CX50"))
    assert page.given_texts() == ()
    assert "words_from_header" not in page.flags


@pytest.mark.parametrize(
    ("sop", "code"),
    [
        ("1.2.840.10008.5.1.4.1.1.88.33", "NO_IMAGE"),
        ("1.2.840.10008.5.1.4.1.1.104.1", "NO_IMAGE"),
        ("1.2.840.10008.1.3.10", "NO_IMAGE"),
        ("1.2.3.4", "NO_IMAGE"),
    ],
)
def test_what_holds_no_image_is_said(tmp_path, sop, code):
    assert fail(write_dicom(tmp_path / "a.dcm", None, sop=sop)) == code


def test_damage_is_said(tmp_path, capfd):
    whole = write_dicom(tmp_path / "whole.dcm", np.stack([make_screen(i) for i in range(4)]))
    data = whole.read_bytes()
    (tmp_path / "head.dcm").write_bytes(data[:150])
    (tmp_path / "none.dcm").write_bytes(data[: len(data) - 4 * 320 * 240 + 10])
    assert fail(tmp_path / "head.dcm") in ("NO_IMAGE", "DAMAGED_FILE")
    assert fail(tmp_path / "none.dcm") == "DAMAGED_FILE"
    (tmp_path / "cut.dcm").write_bytes(data[: len(data) - 320 * 240 - 10])
    assert DicomReader().probe(tmp_path / "cut.dcm").page_count == 2
    assert "truncated" in read(tmp_path / "cut.dcm", 1)[0].flags
    assert fail(write_dicom(tmp_path / "zero.dcm", make_screen(), NumberOfFrames=0)) == "ZERO_PAGES"
    assert fail(write_dicom(tmp_path / "rows.dcm", make_screen(), Rows=0)) == "DAMAGED_FILE"
    assert fail(write_dicom(tmp_path / "mpeg.dcm", make_screen(), syntax="1.2.840.10008.1.2.4.102",
                            frames=[b"\0" * 64])) == "UNREADABLE_FORMAT"  # fmt: skip
    bad = write_dicom(tmp_path / "bad.dcm", make_screen(), syntax=JPEG2000, frames=[b"\xff\x4f" + b"\x07" * 600])
    assert DicomReader().probe(bad).page_count == 1
    assert fail(bad, lambda path: DicomReader().choose_pages(path, 4)) == "DAMAGED_PAGE"
    many = write_dicom(tmp_path / "many.dcm", make_screen(), NumberOfFrames=2_000_000_000)
    assert DicomReader().probe(many).page_count == 1
    assert capfd.readouterr() == ("", "")


def test_huge_frames_are_refused_before_they_are_unpacked(tmp_path):
    assert fail(write_dicom(tmp_path / "a.dcm", make_screen(), Rows=60_000, Columns=60_000)) == "PAGE_TOO_LARGE"
    stream = bytearray(encode(np.zeros((240, 320, 3), np.uint8), "JPEG"))
    at = next(stream.index(bytes([0xFF, marker])) for marker in (0xC0, 0xC2) if bytes([0xFF, marker]) in stream)
    stream[at + 5 : at + 9] = (60_000).to_bytes(2, "big") * 2
    bomb = write_dicom(tmp_path / "bomb.dcm", np.zeros((240, 320, 3), np.uint8), syntax=JPEGBaseline8Bit,
                       frames=[bytes(stream)], PhotometricInterpretation="YBR_FULL_422")  # fmt: skip
    assert fail(bomb, lambda path: DicomReader().choose_pages(path, 1)) == "PAGE_TOO_LARGE"
    reader = DicomReader()
    reader.max_pixels = 1000
    assert fail(write_dicom(tmp_path / "b.dcm", make_screen()), reader.probe) == "PAGE_TOO_LARGE"


def test_a_missing_package_is_named_with_its_command(tmp_path, monkeypatch):
    path = write_dicom(tmp_path / "a.dcm", make_screen())
    monkeypatch.setitem(sys.modules, "pydicom", None)
    with pytest.raises(RecordError) as caught:
        DicomReader().probe(path)
    assert caught.value.code == "MISSING_EXTRA"
    assert "remud-gen[dicom]" in caught.value.hint


def test_random_damage_never_escapes(tmp_path):
    """Bytes changed anywhere give pages or a RecordError, nothing else."""
    rng = np.random.default_rng(7)
    path = write_dicom(tmp_path / "a.dcm", make_screen(width=64, height=64), regions=[make_region(0, 0, 63, 63)])
    data = path.read_bytes()
    outcomes = set()
    for _ in range(150):
        broken = bytearray(data)
        for at in rng.integers(132, len(data) - 64 * 64 + 40, size=rng.integers(1, 9)):
            broken[at] = rng.integers(256)
        path.write_bytes(broken)
        try:
            reader = DicomReader()
            reader.max_pixels = 1_000_000
            reader.probe(path)
            reader.choose_pages(path, 2)
            outcomes.add("read")
        except RecordError as error:
            outcomes.add(error.code)
    assert {"read"} < outcomes
