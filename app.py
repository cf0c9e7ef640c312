"""simssl lab: `streamlit run app.py`. Navigation and what all pages share; every page is a file in pages/."""

import os

import streamlit as st

from pages.parts import address, machine
from pages.parts.layout import ASSETS

# Threads that spin while they wait would starve a training beside this server (12 to 18 times slower, measured).
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

PAGES = (
    ("start", "Start", "home", "What this is, and every run at a glance."),
    ("train", "Train", "play_circle", "Watch objectives learn side by side."),
    ("latent_map", "Latent map", "scatter_plot", "How each objective arranges content and style."),
    ("traverse", "Traverse", "explore", "What a direction in the latent space means."),
    ("compare", "Compare", "query_stats", "Which representation serves which task."),
    ("theory", "Theory", "function", "Why they all work: one model, one bound."),
    ("runs", "Runs", "folder_open", "Keep, share and continue runs."),
)

# A local icon: without it the browser would fetch the page's Material icon from the internet.
st.set_page_config(page_title="simssl lab", page_icon=str(ASSETS / "icon.svg"), layout="wide")
st.logo(str(ASSETS / "logo.svg"), size="large", icon_image=str(ASSETS / "logo.svg"))
pages = [
    st.Page(f"pages/{file}.py", title=title, icon=f":material/{icon}:", help=help, default=file == "start")
    for file, title, icon, help in PAGES
]
page = st.navigation(pages, position="top")
with address.remembered(page):
    page.run()
machine.preload()
