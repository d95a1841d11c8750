# Completion of handwriting in bash: eval "$(handwriting completion bash)"
_handwriting() {
    local line=${COMP_LINE:0:COMP_POINT} found word
    local -a typed
    # Bash splits words at = and :, which handwriting does not.
    read -ra typed <<<"$line"
    [[ $line == *[[:space:]] ]] && typed+=("")
    word=${typed[-1]}
    found=$("${typed[0]}" completion words "${typed[@]:1}" 2>/dev/null)
    COMPREPLY=()
    if [[ $found == :files ]]; then
        compopt -o default
        return
    fi
    # What stands before the last = or : is no part of the word that bash replaces.
    local kept=${word%"${word##*[=:@]}"} candidate
    while IFS=$'\t' read -r candidate _; do
        [[ -n $candidate ]] || continue
        [[ $candidate == *[=.] ]] && compopt -o nospace
        COMPREPLY+=("${candidate#"$kept"}")
    done <<<"$found"
}
complete -F _handwriting handwriting
