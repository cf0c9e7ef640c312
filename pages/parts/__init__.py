"""Pieces that pages share: layout, pickers, forms, charts. They draw and ask; they never compute."""
