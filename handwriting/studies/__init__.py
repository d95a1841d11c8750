"""The studies: what is run of them, for how long, and the page that tells what came out."""
