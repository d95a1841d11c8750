#compdef handwriting
# Completion of handwriting in zsh: eval "$(handwriting completion zsh)"
_handwriting() {
    local found line
    local -a ready open ready_lines open_lines
    found=$("${words[1]}" completion words "${(@)words[2,CURRENT-1]}" "$PREFIX" 2>/dev/null)
    if [[ $found == :files ]]; then
        compset -P '*='
        _files
        return
    fi
    for line in "${(@f)found}"; do
        [[ -n $line ]] || continue
        local word=${line%%$'\t'*} text=${line#*$'\t'}
        # A key goes on after its = or dot, so that no space follows.
        if [[ $word == *[=.] ]]; then
            open+=("$word"); open_lines+=("$word${text:+  $text}")
        else
            ready+=("$word"); ready_lines+=("$word${text:+  $text}")
        fi
    done
    (( $#open )) && compadd -S '' -l -d open_lines -a open
    (( $#ready )) && compadd -l -d ready_lines -a ready
}
compdef _handwriting handwriting
