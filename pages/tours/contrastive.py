"""The tour "Why contrastive learning forgets position"."""

from __future__ import annotations

from pages.tours.kinds import Numbers, Step, Tour, number, share

CONTRAST, MODEL = "demo-sprites-simclr", "demo-sprites-simvae"
BOTH = (MODEL, CONTRAST)


def _same(n: Numbers) -> str:
    return (
        "Scroll to the small picture under *Shared by all views*: each column is one sprite, twice. **Look:** the two "
        "share their shape and nothing else; position, hue and size are drawn anew. **It means:** an objective that is "
        "told “these two are the same” is told that position does not matter."
    )


def _content(n: Numbers) -> str:
    contrast, model = n.value(CONTRAST, "linear"), n.value(MODEL, "linear")
    appearance = "its colours gather in islands" if contrast > 0.9 else "its colours have begun to separate"
    return (
        "Two encoders that learnt from such pairs: SimVAE by drawing both, SimCLR by finding an image’s partner among "
        f"many. Each dot is a new image, coloured by its shape. **Look at SimCLR** (right): {appearance}. A linear "
        f"probe (the simplest reader there is) names the shape of {share(contrast)} of images there, and of "
        f"{share(model)} on SimVAE’s side. **It means:** SimCLR sorts images by what their views share."
    )


def _place(n: Numbers) -> str:
    contrast, model = n.value(CONTRAST, "style:x"), n.value(MODEL, "style:x")
    return (
        "The same dots, now coloured by where the shape is in its image, from far left (dark) to far right "
        "(yellow). **Look:** a smooth gradient on SimVAE’s map, a mixture inside every island of SimCLR’s. The probe "
        f"reads position with R² {number(model)} from SimVAE and {number(contrast)} from SimCLR, where 1 is "
        "exact and 0 is guessing."
    )


def _clouds(n: Numbers) -> str:
    contrast, model = n.value(CONTRAST, "style_share"), n.value(MODEL, "style_share")
    return (
        "Sixteen images in sixteen views each, one colour and mark for each image. **Look:** SimCLR keeps the views of "
        f"an image in one island, SimVAE spreads them over the map. Views of one image make up {share(contrast)} "
        f"of SimCLR’s variance and {share(model)} of SimVAE’s: the *style share*. **It means:** the "
        "pull squeezed style out."
    )


def _memory(n: Numbers) -> str:
    return (
        "A small decoder learnt to draw each image from its frozen representation. **Look:** SimVAE’s row has the "
        "right positions and colours. SimCLR’s row hardly shows where the shape was, nor its colour. **It means:** "
        "style is not merely hidden there; it is nearly gone. If you see no rows yet, press the button above them."
    )


def _why(n: Numbers) -> str:
    return (
        "The reason in two dimensions. Press **Contrast: style goes**. **Look:** blue arrows pull the four views of a "
        "datum together, orange ones push data apart, and no force keeps views distinct. Then press **SimVAE: style "
        "stays**: the green arrows come from the need to draw the image, and they keep the views apart."
    )


TOUR = Tour(
    "position",
    "Why contrastive learning forgets position",
    "Ten shapes, two objectives, the same views: see one objective lose track of where things are.",
    (
        Step("train", "What counts as the same", _same, state={"race": None, "set.data": "sprites"}),
        Step("latent_map", "Sorted by content", _content, {"runs": [*BOTH], "colour": "content"}, needs=BOTH),
        Step("latent_map", "Where is position?", _place, {"runs": [*BOTH], "colour": "x"}, needs=BOTH),
        Step("latent_map", "Views of one image", _clouds, {"runs": [*BOTH], "colour": "instance"}, needs=BOTH),
        Step(
            "compare",
            "What can still be drawn",
            _memory,
            {"compare_data": "sprites", "compare_runs": [*BOTH]},
            {"compare_part": "Memory"},
            BOTH,
        ),
        Step("theory", "Why it must be so", _why, {"theory_part": "Playground", "playground": "contrast"}),
    ),
)
