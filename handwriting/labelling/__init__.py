"""From what is written to labels: texts and their match with the words found on pages, and rounds of few questions."""
