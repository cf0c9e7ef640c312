"""The tour "What a projection head is for"."""

from __future__ import annotations

from pages.tours.kinds import Numbers, Step, Tour, number, share

SPRITES, DIGITS = "demo-sprites-simclr", "demo-digits-simclr"
VICREG, MODEL = "demo-digits-vicreg", "demo-digits-simvae"
INSIDE = {"compare_part": "Inside"}


def _reads(n: Numbers) -> str:
    return (
        "The formulas of SimCLR and VICReg, in the middle of each card. **Look:** both are written in pᵃ and pᵇ, two "
        "views of one datum (with a hat: scaled to length 1). The encoder makes the representation h; a small network, "
        "the *projection head*, turns h into p, and the loss sees only p. After training the head is discarded. "
        "What is it good for?"
    )


def _backbone(n: Numbers) -> str:
    first, last = (n.layer(SPRITES, layer, "style_r2") for layer in ("backbone", "representation"))
    content = n.layer(SPRITES, "backbone", "linear")
    return (
        "One encoder, probed layer by layer, starting at its *backbone*. **Look at the right curve:** style falls "
        f"from R² {number(first)} in the backbone to {number(last)} in the representation, content (left) stays near "
        f"{share(content)}. **It means:** the loss does not forget everywhere; the layers nearest to it forget first."
    )


def _head(n: Numbers) -> str:
    h, p = (n.layer(DIGITS, layer, "style_r2") for layer in ("representation", "projection"))
    before, after = (n.layer(DIGITS, layer, "linear") for layer in ("representation", "projection"))
    return (
        f"Digits, with a projection head behind the representation. **Look:** style falls further, from R² {number(h)} "
        f"before the head to {number(p)} after it, and content from {share(before)} to {share(after)}. **It means:** "
        "the head does a part of the forgetting. (The bump inside the head is a wide layer: a linear reader gets more "
        "from many numbers.)"
    )


def _model(n: Numbers) -> str:
    simvae, simclr = n.value(MODEL, "style_r2"), n.value(DIGITS, "style_r2")
    return (
        "Now next to SimVAE, which has no head. **Look:** its curve ends at the representation, and style "
        f"is still read with R² {number(simvae)} there (SimCLR: {number(simclr)}). **It means:** a head reduces "
        "the forgetting in the layers before it. Having to draw the image removes the reason to forget."
    )


def _try(n: Numbers) -> str:
    layers = n.setting(SPRITES, "head_layers")
    present_number = "" if layers is None else f" (the sprites run that you saw has {layers})"
    return (
        "Try it: SimCLR runs alone. Open **Settings of SimCLR** below the objectives, then *Advanced*, and choose the "
        f"number of *Head layers*{present_number}. Start. When training is done, go to **Compare**, press *Measure in "
        "full*, and look at *Inside*. **Expect:** a deeper head leaves more style in the representation, because more "
        "layers behind the representation can do the forgetting."
    )


BOTH = (DIGITS, VICREG)
TOUR = Tour(
    "head",
    "What a projection head is for",
    "Why one layer meets the loss and another is kept: the same measurements layer by layer.",
    (
        Step(
            "theory",
            "What the loss reads",
            _reads,
            {"theory_part": "Every objective", "theory_race": "demo-digits", "theory_objectives": ["SimCLR", "VICReg"]},
            needs=BOTH,
        ),
        Step(
            "compare",
            "Layer by layer",
            _backbone,
            {"compare_data": "sprites", "compare_runs": [SPRITES]},
            INSIDE,
            (SPRITES,),
        ),
        Step("compare", "Behind the head", _head, {"compare_data": "digits", "compare_runs": [*BOTH]}, INSIDE, BOTH),
        Step(
            "compare",
            "And without a head",
            _model,
            {"compare_data": "digits", "compare_runs": [DIGITS, MODEL]},
            INSIDE,
            (DIGITS, MODEL),
        ),
        Step(
            "train",
            "Try it yourself",
            _try,
            state={"race": None, "set.data": "sprites", "set.generative": [], "set.discriminative": ["simclr"]},
        ),
    ),
)
