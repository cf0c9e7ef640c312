"""The web app (`streamlit run app.py`): navigation and common settings; every page is a file in pages/."""

import os
from typing import NamedTuple

import streamlit as st

from pages.shared import navigation, registry
from pages.shared.layout import ASSETS
from pages.tours import bar

# Threads that spin while they wait would slow a training on the same machine (12 to 18 times slower, measured).
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


class Page(NamedTuple):
    """One page of the lab.

    Attributes:
        name: its file in pages/ and its path in the address.
        title, icon, help: its entry in the menu.
        example: the query of an address that shows something typical, for screenshots, tests and measurements.
    """

    name: str
    title: str
    icon: str
    help: str
    example: str = ""

    @property
    def address(self) -> str:
        """The page's address relative to the server's, with the example; Start is the root."""
        path = "" if self.name == START else self.name
        return f"{path}?{self.example}" if self.example else path


START = "start"
SHIPPED = "demo-sprites-simvae"
PAGES = (
    Page(START, "Start", "home", "What this is, and every run at a glance."),
    Page("train", "Train", "play_circle", "Watch objectives learn side by side."),
    Page(
        "latent_map",
        "Latent map",
        "scatter_plot",
        "How each objective arranges content and style.",
        f"runs={SHIPPED}&runs=demo-sprites-simclr",
    ),
    Page("traverse", "Traverse", "explore", "What a direction in the latent space means.", f"run={SHIPPED}"),
    Page("compare", "Compare", "query_stats", "Which representation serves which task."),
    Page("theory", "Theory", "function", "Why they all work: one model, one bound.", f"run={SHIPPED}"),
    Page("runs", "Runs", "folder_open", "Keep, share and continue runs."),
)


def main() -> None:
    """Draw the menu, the bar of a running tour, and the requested page."""
    # A local icon, because the browser would load a Material icon from the internet.
    st.set_page_config(page_title="simssl lab", page_icon=str(ASSETS / "icon.svg"), layout="wide")
    st.logo(str(ASSETS / "logo.svg"), size="large", icon_image=str(ASSETS / "logo.svg"))
    pages = [
        st.Page(
            f"pages/{page.name}.py",
            title=page.title,
            icon=f":material/{page.icon}:",
            help=page.help,
            default=page.name == START,
        )
        for page in PAGES
    ]
    page = st.navigation(pages, position="top")
    with navigation.remember_address(page):
        bar.bar(page.url_path or START)
        page.run()
    registry.preload()


if __name__ == "__main__":
    main()
