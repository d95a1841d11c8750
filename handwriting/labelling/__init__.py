"""From what is written to labels: texts, their match with the words found on pages, and the text to copy by hand."""
