"""What can be done with chosen runs: rename, delete (with undo), resume, take away as a file, bring one in."""

from __future__ import annotations

import json
from collections.abc import Sequence

import streamlit as st

from pages.shared import layout, resume
from simssl_core import library
from simssl_core.errors import RunError
from simssl_core.library import RunEntry, archive

DELETED = "runs.deleted"  # the tickets of what this visit deleted, newest last
TABLE = "runs.table"  # counts up when the rows change, so that no selection points at another run
LARGEST = 20  # MB of an uploaded archive; what is inside is checked once more


def changed() -> None:
    """The table's rows have changed: draw the page anew."""
    st.session_state[TABLE] = st.session_state.get(TABLE, 0) + 1
    st.rerun()


def one(entry: RunEntry) -> None:
    """Everything for a single run."""
    with st.container(horizontal=True, vertical_alignment="center"):
        layout.badge(entry.status)
        st.markdown(f"**{entry.run}** · {entry.objective} on {entry.data} · step {entry.step:,}")
        if entry.live:
            layout.link("pages/train.py", "Watch", "monitoring", {"race": entry.race})
        elif entry.status != "damaged":
            layout.link("pages/latent_map.py", "Map", "scatter_plot", {"runs": entry.run})
            layout.link("pages/traverse.py", "Traverse", "explore", {"run": entry.run})
            if entry.race in {row.race for row in library.races()}:
                layout.link("pages/train.py", "Curves", "monitoring", {"race": entry.race})
    if entry.reason:
        st.error(entry.reason, icon=":material/error:")
    with st.container(horizontal=True, vertical_alignment="center"):
        if entry.resumable and st.button("Resume", icon=":material/play_arrow:", type="primary"):
            resume.resume_race(entry.race)
        if entry.status == "finished" and not entry.shipped and resume.can_resume([entry.run]):
            resume.train_on_button(entry.race, entry.step)
        if not entry.live and entry.status != "damaged":
            _rename(entry)
            _take_away(entry)
        delete([entry])
    if entry.status != "damaged":
        _about(entry)


def _rename(entry: RunEntry) -> None:
    with st.popover("Rename", icon=":material/edit:"), st.form(f"rename.{entry.run}", border=False):
        new = st.text_input("New name", entry.run, help="Letters, digits, dots, dashes and underscores.")
        if st.form_submit_button("Rename"):
            with layout.guard():
                if new != entry.run:
                    library.rename(entry.run, new)
                    st.toast(f"{entry.run} is now {new}.")
                    changed()


def _take_away(entry: RunEntry) -> None:
    with st.popover("Export", icon=":material/download:"):
        st.download_button(
            "Whole run (zip)",
            lambda: archive.to_zip(entry.run),
            f"{entry.run}.zip",
            "application/zip",
            icon=":material/folder_zip:",
            help="Settings as JSON, weights as safetensors, history and map: another lab can import it.",
        )
        st.download_button(
            "History (CSV)", lambda: archive.csv(entry.run), f"{entry.run}.csv", "text/csv", icon=":material/table:"
        )
        st.markdown("Use it from Python:")
        st.code(archive.snippet(entry.run), language="python")


def _about(entry: RunEntry) -> None:
    with st.expander("Settings and environment"):
        st.json(json.dumps(entry.config), expanded=1)
        layout.caption(f"Folder: {entry.folder}")


def delete(entries: Sequence[RunEntry]) -> None:
    """A button that moves runs to the trash; :mod:`pages.runs_parts.actions` brings them back."""
    still = [entry for entry in entries if not entry.live and not entry.shipped]
    kept = len(entries) - len(still)
    label = "Delete" if len(entries) == 1 else f"Delete {len(still)}"
    hint = "Runs that came with the project, and runs under way, stay." if kept else "You can undo this."
    if st.button(label, icon=":material/delete:", disabled=not still, help=hint):
        tickets = [(library.delete(entry.run), entry.run) for entry in still]
        st.session_state.setdefault(DELETED, []).append(tickets)
        changed()


def bring_in() -> None:
    """Import a run from an archive; nothing is kept of one that is not in order."""
    with st.popover("Import a run", icon=":material/upload:"):
        file = st.file_uploader(f"A run as zip, at most {LARGEST} MB", type="zip", max_upload_size=LARGEST)
        if file is not None and st.button("Import", type="primary"):
            with layout.guard():
                if file.size > LARGEST * 1_000_000:
                    raise RunError(f"{file.name} is larger than {LARGEST} MB; export a run without its states.")
                run = archive.from_zip(file.getvalue())
                st.toast(f"{run} is here.")
                changed()


def undo() -> None:
    """What was deleted last, and a way back."""
    if not st.session_state.get(DELETED):
        return
    tickets = st.session_state[DELETED][-1]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"Deleted {', '.join(run for _, run in tickets)}.")
        if st.button("Undo", icon=":material/undo:"):
            st.session_state[DELETED].pop()
            for ticket, _ in tickets:
                library.restore(ticket)
            changed()


def trash() -> None:
    """What deleted runs still take up, and the way to be rid of them or to have one back."""
    tickets = library.trash()
    if not tickets:
        return
    with st.popover(f"Trash ({len(tickets)})", icon=":material/delete_sweep:"):
        ticket = st.selectbox("Deleted runs, newest first", tickets, format_func=lambda t: t.partition("--")[2])
        with st.container(horizontal=True):
            if st.button("Bring back", icon=":material/restore_from_trash:"):
                library.restore(ticket)
                _forget(ticket)
            if st.button("Empty for good", icon=":material/delete_forever:", help="This cannot be undone."):
                library.empty_trash()
                _forget(*tickets)
        layout.caption(f"They still take up {library.trash_size() / 1e6:,.1f} MB.")


def _forget(*tickets: str) -> None:
    """Undo no longer offers these; then draw the page anew."""
    left = [[pair for pair in pairs if pair[0] not in tickets] for pairs in st.session_state.get(DELETED, [])]
    st.session_state[DELETED] = [pairs for pairs in left if pairs]
    changed()
