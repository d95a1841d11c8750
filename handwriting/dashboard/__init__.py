"""Pages over run folders, shown by Streamlit.

``app.py`` is what Streamlit runs, and each file in ``pages/`` is one page. They only show: whatever is computed is a
function of another room, or of the modules here that import no Streamlit.
"""
