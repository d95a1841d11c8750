"""Pages over run folders, shown by Streamlit.

Streamlit runs ``app.py``, and each file in ``views/`` is one page. Pages compute nothing themselves: they call
functions of other packages and of the modules here that do not import Streamlit.
"""
