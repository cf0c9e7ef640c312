"""From a caption to images, for objectives that learn from images with their captions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from pages.shared.layout import caption
from pages.traverse_parts.show import redraw_button, show
from simssl_core.analysis import prompts

if TYPE_CHECKING:
    from simssl_core.analysis.explorer import Explorer

TEXT, PICKED = "caption", "caption_word"
OFFERED = 60  # words to pick from
MANY = 23  # images besides the first one
COLUMNS = 12


def from_caption(explorer: Explorer, k: int) -> None:
    """Words to type or pick, the images for them, and the words that the run has for them and for image ``k``."""
    text = _caption_input(explorer, k)
    missing, vocabulary = prompts.unknown_words(explorer, text), prompts.vocabulary(explorer)
    if missing:
        unknown = ", ".join(f"“{word}”" for word in missing)
        if len(vocabulary) <= OFFERED:
            hint = "It knows the words above."
        else:
            hint = f"It knows {len(vocabulary):,} words; the most frequent ones are above."
        st.warning(f"This run never learnt {unknown}. {hint}", icon=":material/spellcheck:")
    if not prompts.known_words(explorer, text):
        st.markdown(":gray[Type or pick words, and the images for them appear here.]")
    elif prompts.can_draw_captions(explorer):
        _show_drawn(explorer, text)
    else:
        _show_matching(explorer, text)
    if prompts.can_caption_images(explorer):
        st.markdown(f"The chosen image in this run’s words: {_in_words(explorer, explorer.gallery.images[k])}")


def _caption_input(explorer: Explorer, k: int) -> str:
    """The box to type in and the words to pick; it starts with the class of image ``k`` where the run knows it."""
    vocabulary = prompts.vocabulary(explorer)
    if TEXT not in st.session_state and TEXT not in st.query_params:
        name = explorer.gallery.name(k)
        usable = name and not prompts.unknown_words(explorer, name)
        st.session_state[TEXT] = name if usable else vocabulary[0]
    text = st.text_input("Caption", key=TEXT, bind="query-params", max_chars=300, placeholder=" ".join(vocabulary[:3]))
    st.pills("Add a word", vocabulary[:OFFERED], key=PICKED, on_change=_add_picked_word)
    return text or ""


def _add_picked_word() -> None:
    word = st.session_state.get(PICKED)
    if word:
        st.session_state[TEXT] = f"{st.session_state.get(TEXT) or ''} {word}".strip()
    st.session_state[PICKED] = None


def _show_drawn(explorer: Explorer, text: str) -> None:
    pictures = prompts.images_for_caption(explorer, text, MANY, redraw_button("words"))
    show(pictures, COLUMNS, f"{explorer.record.run}-caption")
    st.markdown(f"The first of them, read back: {_in_words(explorer, pictures[0])}")
    caption(
        "First: the image at the mean of q(z|caption). Then draws around it: from q(z|caption) to the content y, and "
        "from there to another view. What the words leave open should change; what they say should not."
    )


def _show_matching(explorer: Explorer, text: str) -> None:
    places = prompts.best_matching_images(explorer, text, MANY + 1)
    show(np.asarray(explorer.gallery.images[places]), COLUMNS, f"{explorer.record.run}-caption")
    caption(
        f"{explorer.record.label} cannot draw from words: it compares them with images behind its projection heads, "
        "and no decoder draws from there. These are the held-out images that match the caption best, best first."
    )


def _in_words(explorer: Explorer, image: np.ndarray) -> str:
    words = prompts.words_for_image(explorer, image)
    return f"**{words}**" if words else ":gray[none]"
