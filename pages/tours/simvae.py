"""The tour "What SimVAE keeps"."""

from __future__ import annotations

from pages.tours.kinds import Numbers, Step, Tour, number, share

SPRITES, SPRITES_CONTRAST = "demo-sprites-simvae", "demo-sprites-simclr"
DIGITS, DIGITS_CONTRAST = "demo-digits-simvae", "demo-digits-simclr"


def _terms(n: Numbers) -> str:
    return (
        "Two losses, split into the same roles, with their size in a real run. **Look at the green bar**: SimVAE has a "
        "term *reconstruct*; SimCLR’s card, further down, has none. **It means:** SimVAE must be able to draw the "
        "image again, so it cannot afford to forget where things are. (The term can be negative: a density over so "
        "many pixels can be far above 1.)"
    )


def _directions(n: Numbers) -> str:
    return (
        "Each row moves one image along a direction in which views of the same image differ most. **Look:** "
        "background, colour and position change along the rows. Drag a slider to see it live. These *style directions* "
        f"were found without labels. A probe reads hue with R² {number(n.value(SPRITES, 'style:hue'))} from SimVAE "
        f"and with {number(n.value(SPRITES_CONTRAST, 'style:hue'))} from SimCLR."
    )


def _content(n: Numbers) -> str:
    simvae, simclr = n.value(DIGITS, "linear"), n.value(DIGITS_CONTRAST, "linear")
    return (
        "Handwritten digits, coloured by digit. **Look:** both maps separate the digits. A linear probe names "
        f"{share(simvae)} of new images from SimVAE and {share(simclr)} from SimCLR. **It means:** keeping style need "
        "not cost much content."
    )


def _both(n: Numbers) -> str:
    simvae, simclr = n.value(DIGITS, "style_r2"), n.value(DIGITS_CONTRAST, "style_r2")
    return (
        "The same two runs as points: content to the right, style upwards. **Look** (scroll a little): SimVAE is "
        "higher. How an image was cropped and turned can be read "
        f"with R² {number(simvae)} from SimVAE and {number(simclr)} from SimCLR. "
        "Hover over a point to see its numbers."
    )


def _price(n: Numbers) -> str:
    linear, mlp = n.value(SPRITES, "linear"), n.value(SPRITES, "mlp")
    simclr = n.value(SPRITES_CONTRAST, "linear")
    meaning = "**It means:** with enough training the shape can be read as well."
    if linear < mlp - 0.05:
        meaning = (
            "**It means:** the shape is there, but not in a form that a linear probe can read: SimVAE spent its "
            "numbers on style."
        )
    return (
        "The price, on sprites, where style is far larger than content. **Look:** a linear probe names the shape of "
        f"{share(linear)} of images from SimVAE ({share(simclr)} from SimCLR); a probe with a hidden layer, under *MLP "
        f"probe* in the table below, names {share(mlp)}. {meaning}"
    )


def _without(n: Numbers) -> str:
    return (
        "Last, take the decoder away. Press **SimVAE without its decoder**. **Look:** with *reconstruct* crossed out, "
        "the views of each datum collapse to one point. Press *reconstruct* to switch it on again: they spread out. "
        "**It means:** SimVAE keeps style because it has to draw the image."
    )


PLAIN = {"compare_part": "Overview"}
TOUR = Tour(
    "style",
    "What SimVAE keeps",
    "The paper’s own model, trained: which style survives, what that costs, and which term is the reason.",
    (
        Step(
            "theory",
            "One more term",
            _terms,
            {
                "theory_part": "Every objective",
                "theory_race": "demo-sprites",
                "theory_objectives": ["SimVAE", "SimCLR"],
            },
            needs=(SPRITES, SPRITES_CONTRAST),
        ),
        Step(
            "traverse",
            "Directions of style",
            _directions,
            {"run": SPRITES},
            {"ways": "style directions", "more": "New views of it"},
            (SPRITES,),
        ),
        Step(
            "latent_map",
            "Content too",
            _content,
            {"runs": [DIGITS, DIGITS_CONTRAST], "colour": "content"},
            needs=(DIGITS, DIGITS_CONTRAST),
        ),
        Step(
            "compare",
            "Both at once",
            _both,
            {"compare_data": "digits", "compare_runs": [DIGITS, DIGITS_CONTRAST]},
            PLAIN,
            (DIGITS, DIGITS_CONTRAST),
        ),
        Step(
            "compare",
            "What it costs",
            _price,
            {"compare_data": "sprites", "compare_runs": [SPRITES, SPRITES_CONTRAST]},
            PLAIN,
            (SPRITES, SPRITES_CONTRAST),
        ),
        Step("theory", "Take the decoder away", _without, {"theory_part": "Playground", "playground": "forget"}),
    ),
)
