"""Made-up plates: frames of an ultrasound machine set on one sheet, as journals and books print them."""

from PIL import Image, ImageDraw, ImageFont

from tests.rules import screens
from tests.rules.screens import HEIGHT, WIDTH


def make_plate(rows, columns, gap=10, shade="white", strip=0, make=screens.b_mode):
    """Frames in rows and columns with gutters between; `strip` is paper below each row for letters."""
    sheet = Image.new("RGB", (columns * WIDTH + (columns - 1) * gap, rows * (HEIGHT + strip) + (rows - 1) * gap), shade)
    for row in range(rows):
        for column in range(columns):
            frame = make(1 + row * columns + column).resize((WIDTH, HEIGHT))
            sheet.paste(frame, (column * (WIDTH + gap), row * (HEIGHT + strip + gap)))
    return sheet


def write(sheet, text, x, y, fill="white"):
    """Words with their middle at shares of the sheet's sides."""
    draw = ImageDraw.Draw(sheet)
    draw.text((x * sheet.width, y * sheet.height), text, fill, ImageFont.load_default(16), anchor="mm")
    return sheet


def make_print(seed=1):
    """A page of print with a white band in the middle."""
    sheet = Image.new("RGB", (400, 500), "white")
    for line in range(24):
        if line not in (11, 12):
            write(sheet, "the left kidney lies behind the bowel and", 0.5, (line + 1) / 26, "black")
    return sheet
