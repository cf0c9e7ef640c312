"""Actions on the selected runs: rename, delete (with undo), resume, export and import."""

from __future__ import annotations

import json
from collections.abc import Sequence

import streamlit as st

from pages.shared import layout, resume
from simssl_core import library
from simssl_core.errors import RunError
from simssl_core.library import RunEntry, archive

DELETED = "runs.deleted"  # what this visit deleted: a list of (ticket, run) pairs per deletion, newest last
TABLE = "runs.table"  # a counter, raised when the rows change, so that no old selection points at another run
LARGEST = 20  # MB of an uploaded archive; its contents are checked separately


def rerun_with_new_table() -> None:
    """Rerun the page after the table's rows have changed, without the old selection."""
    st.session_state[TABLE] = st.session_state.get(TABLE, 0) + 1
    st.rerun()


def show_run(entry: RunEntry) -> None:
    """Show a single run with all its links and actions."""
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
            _rename_button(entry)
            _export_button(entry)
        delete_button([entry])
    if entry.status != "damaged":
        _show_settings(entry)


def _rename_button(entry: RunEntry) -> None:
    with st.popover("Rename", icon=":material/edit:"), st.form(f"rename.{entry.run}", border=False):
        new_name = st.text_input("New name", entry.run, help="Letters, digits, dots, dashes and underscores.")
        if st.form_submit_button("Rename"):
            with layout.guard():
                if new_name != entry.run:
                    library.rename(entry.run, new_name)
                    st.toast(f"{entry.run} is now {new_name}.")
                    rerun_with_new_table()


def _export_button(entry: RunEntry) -> None:
    with st.popover("Export", icon=":material/download:"):
        st.download_button(
            "Whole run (zip)",
            lambda: archive.to_zip(entry.run),
            f"{entry.run}.zip",
            "application/zip",
            icon=":material/folder_zip:",
            help="Settings as JSON, weights as safetensors, history and map. Another lab can import the file.",
        )
        st.download_button(
            "History (CSV)", lambda: archive.csv(entry.run), f"{entry.run}.csv", "text/csv", icon=":material/table:"
        )
        st.markdown("Use it from Python:")
        st.code(archive.snippet(entry.run), language="python")


def _show_settings(entry: RunEntry) -> None:
    with st.expander("Settings and environment"):
        st.json(json.dumps(entry.config), expanded=1)
        layout.caption(f"Folder: {entry.folder}")


def delete_button(entries: Sequence[RunEntry]) -> None:
    """A button that moves runs to the trash; :func:`undo_button` and :func:`trash_button` restore them."""
    deletable = [entry for entry in entries if not entry.live and not entry.shipped]
    label = "Delete" if len(entries) == 1 else f"Delete {len(deletable)}"
    help = "You can undo this."
    if len(deletable) < len(entries):
        help = "Runs that came with the project and runs under way cannot be deleted."
    if st.button(label, icon=":material/delete:", disabled=not deletable, help=help):
        deleted = [(library.delete(entry.run), entry.run) for entry in deletable]
        st.session_state.setdefault(DELETED, []).append(deleted)
        rerun_with_new_table()


def import_button() -> None:
    """Import a run from an archive; nothing of an invalid archive is kept."""
    with st.popover("Import a run", icon=":material/upload:"):
        file = st.file_uploader(f"A run as a zip file, at most {LARGEST} MB", type="zip", max_upload_size=LARGEST)
        if file is not None and st.button("Import", type="primary"):
            with layout.guard():
                if file.size > LARGEST * 1_000_000:
                    raise RunError(f"{file.name} is larger than {LARGEST} MB. Export the run without its states.")
                run = archive.from_zip(file.getvalue())
                st.toast(f"{run} was imported.")
                rerun_with_new_table()


def undo_button() -> None:
    """Show which runs were deleted last, and a button that restores them."""
    if not st.session_state.get(DELETED):
        return
    deleted = st.session_state[DELETED][-1]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"Deleted {', '.join(run for _, run in deleted)}.")
        if st.button("Undo", icon=":material/undo:"):
            st.session_state[DELETED].pop()
            for ticket, _ in deleted:
                library.restore(ticket)
            rerun_with_new_table()


def trash_button() -> None:
    """Show the deleted runs and their size, with buttons to restore one or to delete all of them permanently."""
    tickets = library.trash()
    if not tickets:
        return
    with st.popover(f"Trash ({len(tickets)})", icon=":material/delete_sweep:"):
        ticket = st.selectbox("Deleted runs, newest first", tickets, format_func=lambda name: name.partition("--")[2])
        with st.container(horizontal=True):
            if st.button("Restore", icon=":material/restore_from_trash:"):
                library.restore(ticket)
                _forget_tickets(ticket)
            if st.button("Empty trash", icon=":material/delete_forever:", help="This cannot be undone."):
                library.empty_trash()
                _forget_tickets(*tickets)
        layout.caption(f"They still take up {library.trash_size() / 1e6:,.1f} MB.")


def _forget_tickets(*tickets: str) -> None:
    """Remove these tickets from what Undo offers, and rerun the page."""
    deletions = [[pair for pair in pairs if pair[0] not in tickets] for pairs in st.session_state.get(DELETED, [])]
    st.session_state[DELETED] = [pairs for pairs in deletions if pairs]
    rerun_with_new_table()
