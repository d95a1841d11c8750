"""From the picture of a page to lines, words and characters: pure functions over arrays, composed by presets."""
