"""A caption in, images out, for objectives that learn from images with their captions."""

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
OFFERED, MANY, COLUMNS = 60, 23, 12


def from_caption(explorer: Explorer, k: int) -> None:
    """Words to type or pick, the images for them, and what the run reads off them and off image k."""
    text = _ask(explorer, k)
    missing, known = prompts.unknown_words(explorer, text), prompts.vocabulary(explorer)
    if missing:
        those = ", ".join(f"“{word}”" for word in missing)
        where = "the ones above" if len(known) <= OFFERED else f"{len(known):,}, the most frequent ones above"
        st.warning(f"This run never learnt {those}. The words that it knows are {where}.", icon=":material/spellcheck:")
    if not prompts.known_words(explorer, text):
        st.markdown(":gray[Type or pick words, and the images for them appear here.]")
    elif prompts.can_draw_captions(explorer):
        _imagined(explorer, text)
    else:
        _found(explorer, text)
    if prompts.can_caption_images(explorer):
        st.markdown(f"The chosen image in this run’s words: {_in_words(explorer, explorer.gallery.images[k])}")


def _ask(explorer: Explorer, k: int) -> str:
    known = prompts.vocabulary(explorer)
    if TEXT not in st.session_state and TEXT not in st.query_params:
        name = explorer.gallery.name(k)
        st.session_state[TEXT] = known[0] if not name or prompts.unknown_words(explorer, name) else name
    text = st.text_input("Caption", key=TEXT, bind="query-params", max_chars=300, placeholder=" ".join(known[:3]))
    st.pills("Add a word", known[:OFFERED], key=PICKED, on_change=_add)
    return text or ""


def _add() -> None:
    word = st.session_state.get(PICKED)
    if word:
        st.session_state[TEXT] = f"{st.session_state.get(TEXT) or ''} {word}".strip()
    st.session_state[PICKED] = None


def _imagined(explorer: Explorer, text: str) -> None:
    pictures = prompts.images_for_caption(explorer, text, MANY, redraw_button("words"))
    show(pictures, COLUMNS, f"{explorer.record.run}-caption")
    st.markdown(f"The first of them, read back: {_in_words(explorer, pictures[0])}")
    caption(
        "First: the image for the middle of what the caption may mean. Then draws around it: from q(z|caption) to the "
        "content y, and from there to another view. What the words leave open should change, what they say should not."
    )


def _found(explorer: Explorer, text: str) -> None:
    places = prompts.best_matching_images(explorer, text, MANY + 1)
    show(np.asarray(explorer.gallery.images[places]), COLUMNS, f"{explorer.record.run}-caption")
    caption(
        f"{explorer.record.label} cannot draw from words: it compares them with images behind its projection heads, "
        "from where no decoder draws. These are the held-out images that suit the caption best, the best first."
    )


def _in_words(explorer: Explorer, image: np.ndarray) -> str:
    return f"**{told}**" if (told := prompts.words_for_image(explorer, image)) else ":gray[none]"
